import type { TerminalCapability } from '@contract/requests';
import type { Settings } from '@contract/settings';
import { useState } from 'react';
import type { Trouble } from '../bridge';
import { Button, Field } from '../ui/controls';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';

const reachWords: { readonly [R in TerminalCapability['reach']]: string } = {
  pane: 'Reaches the exact pane or tab',
  window: 'Reaches the window',
  application: 'Brings the application to the front',
  none: 'Can’t be brought to the front',
};

interface TerminalSettingsProps {
  readonly terminal: Settings['terminal'];
  readonly terminals: readonly TerminalCapability[];
  onPrefer(id: string): void;
}

export function TerminalSettings({ terminal, terminals, onPrefer }: TerminalSettingsProps) {
  const { bridge } = useOrchard();
  const here = terminals.filter(
    ({ platforms, installed }) =>
      installed || (bridge.face === 'electron' && platforms.includes(bridge.platform)),
  );
  const choosable = terminals.filter(({ installed, canOpenNew }) => installed && canOpenNew);
  return (
    <section className="settings">
      <h2>Terminal</h2>
      <Field label="New sessions open in">
        {(ids) => (
          <select
            {...ids}
            value={terminal.preferred}
            onChange={(event) => onPrefer(event.currentTarget.value)}
          >
            <option value="auto">The best one found</option>
            {choosable.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
            {terminal.custom !== null && <option value="custom">Custom command</option>}
          </select>
        )}
      </Field>
      {terminal.custom !== null && (
        <div className="command">
          <code dir="ltr">{terminal.custom.join(' ')}</code>
          <span className="hint">The custom command, changed in the settings file</span>
        </div>
      )}
      <ul className="entries terminals">
        {here.map((capability) => (
          <Terminal key={capability.id} capability={capability} />
        ))}
      </ul>
    </section>
  );
}

function Terminal({ capability }: { readonly capability: TerminalCapability }) {
  const { ask, say } = useOrchard();
  const { id, title, installed, reach, canOpenNew, note } = capability;
  const [result, setResult] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const test = async () => {
    setResult('Opening…');
    setTrouble(null);
    const answer = await ask('settings.testTerminal', { terminal: id });
    setResult(answer.ok ? `It opened: ${answer.value.command}` : null);
    if (answer.ok) say(`${title} opened`);
    else setTrouble(answer.error);
  };
  return (
    <li className={installed ? '' : 'absent'}>
      <div className="entry-text">
        <p>
          <strong>{title}</strong> {!installed && <span className="entry-state">not installed</span>}
        </p>
        <p className="hint" dir="auto">
          {reachWords[reach]}
          {canOpenNew ? '' : '; opens nothing new'}
          {note === '' ? '' : `. ${note}`}
        </p>
        {result !== null && (
          <p className="hint" dir="auto">
            {result}
          </p>
        )}
        {trouble !== null && <TroubleBox trouble={trouble} />}
      </div>
      {installed && (
        <Button aria-label={`Test ${title}`} onClick={() => void test()}>
          Test
        </Button>
      )}
    </li>
  );
}
