/** `orch open`, `orch repo`, `orch serve`. */
import { resolve } from 'node:path';
import { fail, ok } from '../../../contract/result';
import { pathStyleOf } from '../../../domain/containment';
import { clean } from '../text';
import {
  type Context,
  type Outcome,
  personWhoTyped,
  request,
  scopeOf,
  unlessInterrupted,
  withOrchard,
  withWorktree,
} from './context';

const reached = {
  pane: 'Its pane is in front',
  window: 'Its window is in front',
  application: 'Its application is in front',
  new: 'Opened a new one',
} as const;

export const open = (
  context: Context,
  name: string | null,
  { print }: { readonly print: boolean },
): Promise<Outcome> =>
  withWorktree(context, name, async (orchard, worktree) => {
    const input = { worktreeId: worktree.id, sessionId: null };
    if (print) {
      const line = await request(orchard, 'worktree.openCommand', input);
      if (!line.ok) return line;
      return ok({ text: line.value.command, json: { command: line.value.command } });
    }
    const opened = await unlessInterrupted(context, request(orchard, 'worktree.open', input));
    if (!opened.ok) return opened;
    return ok({
      text: `${reached[opened.value.reached]} (${clean(opened.value.terminal)}).`,
      json: opened.value,
    });
  });

export async function addRepository(context: Context, directory: string): Promise<Outcome> {
  const path = resolve(context.cwd, directory);
  return withOrchard(context, { repositories: [path], person: personWhoTyped(path) }, async (orchard) => {
    const added = await request(orchard, 'repository.add', {});
    if (!added.ok) return added;
    return ok({ text: `Watching ${clean(added.value.added ?? path)}.`, json: { added: added.value.added } });
  });
}

/** No longer watched, however it was found; `repo add` brings it back. Nothing on disk is touched. */
export async function removeRepository(context: Context, named: string): Promise<Outcome> {
  const path = resolve(context.cwd, named);
  const real = (await context.realPath(path)) ?? path;
  return withOrchard(context, { repositories: 'all' }, async (orchard, snapshot) => {
    const { caseSensitive } = pathStyleOf(context.platform);
    const same = (a: string, b: string) => (caseSensitive ? a === b : a.toLowerCase() === b.toLowerCase());
    const is = (root: string) => same(root, real) || same(root, path);
    const candidates = snapshot.repositories.filter(
      ({ root, name, worktrees }) =>
        is(root) || name === named || worktrees.some((worktree) => is(worktree.path)),
    );
    const byPath = candidates.filter(
      ({ root, worktrees }) => is(root) || worktrees.some((one) => is(one.path)),
    );
    const found = byPath.length > 0 ? byPath : candidates;
    if (found.length > 1)
      return fail({ kind: 'ambiguous', name: named, candidates: found.map(({ root }) => root) });
    const repository = found[0];
    // One that was added and whose directory is gone shows up nowhere else.
    const root = repository?.root ?? orchard.settings.get().repositories.added.find(is);
    if (root === undefined) return fail({ kind: 'not-found', what: 'repository', name: named });
    const changed = await orchard.settings.update((settings) => ({
      ...settings,
      repositories: {
        added: settings.repositories.added.filter((added) => added !== root),
        hidden:
          repository === undefined || settings.repositories.hidden.includes(root)
            ? settings.repositories.hidden
            : [...settings.repositories.hidden, root],
      },
    }));
    if (!changed.ok) return changed;
    return ok({ text: `No longer watching ${clean(root)}.`, json: { removed: root } });
  });
}

export const listRepositories = (context: Context): Promise<Outcome> =>
  withOrchard(context, { repositories: 'all' }, async (orchard, snapshot) => {
    const { added, hidden } = orchard.settings.get().repositories;
    const known = snapshot.repositories.map(({ name, root, worktrees }) => ({
      name,
      root,
      worktrees: worktrees.length,
      added: added.includes(root),
      hidden: false,
      missing: false,
    }));
    const rest = [...new Set([...added, ...hidden])]
      .filter((root) => !known.some((one) => one.root === root))
      .map((root) => ({
        name: root.replace(/.*[/\\]/, ''),
        root,
        worktrees: 0,
        added: added.includes(root),
        hidden: hidden.includes(root),
        missing: !hidden.includes(root),
      }));
    const repositories = [...known, ...rest];
    const { style } = context.io.out;
    const lines = repositories.map(({ root, hidden: isHidden, missing, worktrees, added: wasAdded }) => {
      const says = isHidden
        ? 'hidden'
        : missing
          ? 'not there now'
          : `${worktrees} ${worktrees === 1 ? 'worktree' : 'worktrees'}${wasAdded ? '' : ', found by itself'}`;
      return `${clean(root)}  ${style.dim(says)}`;
    });
    return ok({
      text: lines.length === 0 ? 'No repository yet. Add one with `orch repo add DIR`.' : lines.join('\n'),
      json: { repositories },
    });
  });

export async function serve(context: Context, { port }: { readonly port: number }): Promise<Outcome> {
  const { io, interrupted, options } = context;
  const scope = options.repo === undefined ? ok('all' as const) : await scopeOf(context);
  if (!scope.ok) return scope;
  const orchard = await context.openOrchard({ repositories: scope.value, watch: true, person: null });
  try {
    const served = await context.serve(orchard, port);
    if (!served.ok) return served;
    const { url, port: bound, close } = served.value;
    io.out.write(`${options.json ? JSON.stringify({ url, port: bound }) : url}\n`);
    // The page shows what comes in; it need not wait for all of it.
    orchard.start().catch((error: unknown) => {
      io.err.write(`The engine could not start; the log has it under ${orchard.log.bug('serve', error)}.\n`);
    });
    if (!interrupted.aborted)
      await new Promise<void>((resolve) =>
        interrupted.addEventListener('abort', () => resolve(), { once: true }),
      );
    await close();
    return ok({ text: null, json: null });
  } finally {
    await orchard.dispose();
  }
}
