import type { Failure, RepositoryCommand } from '@contract/failures';
import type { ReactNode } from 'react';
import { Check } from './controls';
import { Icon } from './glyphs';

/** Label on the left, what it says on the right: how every plan is laid out. */
export function PlanLine({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

interface ListProps {
  readonly title: string;
  readonly items: readonly string[];
  readonly tone?: 'needs' | 'plain';
  readonly most?: number;
}
/** A titled list that shows its first few and keeps the rest behind a disclosure. */
export function PlanList({ title, items, tone = 'plain', most = 5 }: ListProps) {
  if (items.length === 0) return null;
  const rest = items.slice(most);
  return (
    <section className={`plan-list ${tone}`}>
      <h2>
        {tone === 'needs' && <Icon name="warning" />}
        {title}
      </h2>
      <Items items={items.slice(0, most)} />
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <Items items={rest} />
        </details>
      )}
    </section>
  );
}

function Items({ items }: { readonly items: readonly string[] }) {
  return (
    <ul>
      {items.map((item) => (
        <li key={item} dir="auto">
          {item}
        </li>
      ))}
    </ul>
  );
}

const purposeWords = {
  setup: 'Set-up, from .orchard.json',
  validate: 'Validation, from .orchard.json',
  teardown: 'Teardown, from .orchard.json',
  hook: 'Git hook of the repository',
  detected: 'Validation, found in the project',
} as const;

export interface AskedCommand {
  readonly command: RepositoryCommand | { readonly purpose: 'detected'; readonly text: string };
  readonly approved: boolean;
}

interface ApprovalProps {
  readonly commands: readonly AskedCommand[];
  readonly approved: boolean;
  onApprove(approved: boolean): void;
}
/**
 * The exact text of every command that a repository wants run. Nothing of it runs before someone has
 * read it and said yes; commands approved earlier are shown too, without a question.
 */
export function Commands({ commands, approved, onApprove }: ApprovalProps) {
  if (commands.length === 0) return null;
  const asked = commands.some(needsApproval);
  const purposes = [...new Set(commands.map(({ command }) => command.purpose))];
  return (
    <section className={asked ? 'commands asked' : 'commands'}>
      {purposes.map((purpose) => (
        <div key={purpose}>
          <h2>{purposeWords[purpose]}</h2>
          {commands
            .filter(({ command }) => command.purpose === purpose)
            .map(({ command: { text } }) => (
              <code key={text} className="exact" dir="ltr">
                {text}
              </code>
            ))}
        </div>
      ))}
      {asked && (
        <Check
          label="I have read this and trust it"
          hint="It comes from the repository. Asked again when its text changes."
          checked={approved}
          onChange={onApprove}
        />
      )}
    </section>
  );
}

/** What a plan lists, and what only its refusal names (hooks, a teardown): all of it is shown and asked. */
export function askedCommands(
  listed: readonly AskedCommand[],
  refusal: Failure | null,
): readonly AskedCommand[] {
  if (refusal?.kind !== 'approval-needed') return listed;
  const texts = new Set(listed.map(({ command }) => command.text));
  return [
    ...listed,
    ...refusal.commands
      .filter(({ text }) => !texts.has(text))
      .map((command) => ({ command, approved: false })),
  ];
}

/** Found in the project or written in its file: it is the repository's code all the same. */
export const needsApproval = ({ approved }: AskedCommand): boolean => !approved;

/** Steps before they happen. */
export function PlanSteps({ steps }: { readonly steps: readonly string[] }) {
  if (steps.length === 0) return null;
  return (
    <section className="plan-steps">
      <h2>Steps</h2>
      <ol>
        {steps.map((step) => (
          <li key={step} dir="auto">
            {step}
          </li>
        ))}
      </ol>
    </section>
  );
}
