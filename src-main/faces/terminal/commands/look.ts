/** `orch status`, `orch monitor`, `orch note`, `orch doctor`: they only look. */
import type { DoctorCheck } from '../../../contract/requests';
import { ok } from '../../../contract/result';
import { ago } from '../ages';
import { indent } from '../failure-words';
import { monitorJson, statusJson } from '../json';
import { clean, cleanBlock } from '../text';
import {
  answered,
  type Context,
  type Outcome,
  request,
  scopeOf,
  unlessInterrupted,
  withOrchard,
  withWorktree,
} from './context';

export interface LookOptions {
  /** Every known repository, also inside one. */
  readonly all: boolean;
}

async function lookScope(context: Context, { all }: LookOptions) {
  return all ? ok('all' as const) : scopeOf(context);
}

export async function status(context: Context, options: LookOptions): Promise<Outcome> {
  const scope = await lookScope(context, options);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value, needsGit: false }, async (_orchard, snapshot) => {
    const { err } = context.io;
    for (const { where, message } of snapshot.problems)
      err.write(`${err.style.red('Problem:')} ${clean(where)}: ${clean(message)}\n`);
    return ok({ text: snapshot.line, json: statusJson(snapshot) });
  });
}

export async function monitor(
  context: Context,
  options: LookOptions & { readonly watch: boolean },
): Promise<Outcome> {
  const scope = await lookScope(context, options);
  if (!scope.ok) return scope;
  const { io, now, platform } = context;
  const { watch } = options;
  return withOrchard(context, { repositories: scope.value, watch, needsGit: false }, async (orchard) => {
    if (watch) {
      const { watchMonitor } = await import('../watch');
      await watchMonitor({
        orchard,
        io,
        json: context.options.json,
        now,
        platform,
        signal: context.interrupted,
      });
      return ok({ text: null, json: null });
    }
    // A person who decides what to merge wants verdicts, not guesses.
    const settled = await unlessInterrupted(context, answered(orchard.settled()));
    if (!settled.ok) return settled;
    const { monitorText } = await import('../monitor-text');
    const columns = io.out.size()?.columns ?? null;
    return ok({
      text: monitorText(settled.value, { now: now(), columns, style: io.out.style, platform }),
      json: monitorJson(settled.value),
    });
  });
}

export const note = (context: Context, name: string | null): Promise<Outcome> =>
  withWorktree(context, name, async (orchard, worktree) => {
    const found = await request(orchard, 'worktree.notes', { worktreeId: worktree.id });
    if (!found.ok) return found;
    const { style } = context.io.out;
    const { notes } = found.value;
    const text = notes.map(
      (one) =>
        `${style.bold(`## ${clean(one.title)}`)}\n${style.dim(`${clean(one.path)}, ${ago(one.at, context.now())}`)}\n\n${cleanBlock(
          one.text,
        ).trimEnd()}`,
    );
    return ok({
      text: notes.length === 0 ? `No brain notes in ${clean(worktree.name)}.` : text.join('\n\n'),
      json: { notes },
    });
  });

const marks: { readonly [S in DoctorCheck['state']]: string } = {
  ok: '✓',
  warning: '!',
  broken: '✗',
  absent: '–',
};

export async function doctor(context: Context): Promise<Outcome> {
  const scope = await scopeOf(context);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value, needsGit: false }, async (orchard) => {
    const found = await unlessInterrupted(context, request(orchard, 'doctor.run', {}));
    if (!found.ok) return found;
    const { style } = context.io.out;
    const paint = { ok: style.green, warning: style.yellow, broken: style.red, absent: style.dim };
    const { checks } = found.value;
    const broken = checks.filter(({ state }) => state === 'broken').length;
    const lines = checks.map(
      ({ state, title, message, next }) =>
        `${paint[state](marks[state])} ${style.bold(clean(title))}: ${clean(message)}${
          next === null || state === 'ok' ? '' : `\n${indent(next)}`
        }`,
    );
    const summary =
      broken === 0
        ? 'Nothing is broken.'
        : `${broken === 1 ? 'One thing is' : `${broken} things are`} broken.`;
    return ok({
      text: [...lines, '', summary].join('\n'),
      json: { checks, ok: broken === 0 },
      ...(broken > 0 ? { exit: 1 as const } : {}),
    });
  });
}
