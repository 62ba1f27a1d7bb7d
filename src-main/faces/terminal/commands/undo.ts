/** `orch undo`: aimed at one repository, or at the operation named; never at the newest of all. */
import { fail, ok } from '../../../contract/result';
import type { OrchardOptions } from '../../../engine/orchard';
import { inTrash } from '../current-directory';
import { shellWord } from '../shell-words';
import { clean } from '../text';
import { undoListText } from '../undo-words';
import { type Context, type Outcome, operate, request, scopeOf, withOrchard } from './context';

export async function undo(
  context: Context,
  named: string | null,
  options: { readonly list: boolean; readonly restoreRemote: boolean },
): Promise<Outcome> {
  const trash = context.options.repo === undefined && !context.cwdGone ? inTrash(context.cwd) : null;
  const scope =
    trash?.commonDir != null
      ? ok<OrchardOptions['repositories']>([trash.commonDir])
      : context.cwdGone && context.options.repo === undefined
        ? ok<OrchardOptions['repositories']>('all')
        : await scopeOf(context);
  if (!scope.ok) return scope;
  const operation = named ?? trash?.operation ?? null;
  return withOrchard(context, { repositories: scope.value }, async (orchard) => {
    const asks = operation === null && scope.value === 'all';
    if (options.list || asks) {
      const found = await request(orchard, 'operation.list', {});
      if (!found.ok) return found;
      const { operations, stuck } = found.value;
      const text = undoListText(found.value, context.now());
      if (options.list) return ok({ text, json: { operations, stuck } });
      if (operations.length === 0) return fail({ kind: 'nothing-to-undo' });
      context.io.err.write(`${text}\n\n`);
      return fail({
        kind: 'ambiguous',
        name: 'undo',
        candidates: operations.map((one) => `${one.operation} (${one.repository}: ${one.summary})`),
      });
    }
    const { restoreRemote } = options;
    const done = await operate(context, orchard, () =>
      request(orchard, 'operation.undo', restoreRemote ? { operation, restoreRemote } : { operation }),
    );
    if (!done.ok) return done;
    const { restored, repository, remoteBranch } = done.value;
    const lines = [
      `Took back ${done.value.operation} in ${clean(repository)}.`,
      ...restored.map((item) => `  - ${clean(item)}`),
    ];
    if (remoteBranch !== null) {
      const word = (text: string) => shellWord(clean(text), context.platform);
      const { root, remote, ref, commit } = remoteBranch;
      lines.push(
        `The branch stays deleted on ${clean(remote)}. To put it back there:`,
        // An empty lease: only where nobody made it anew.
        `  git -C ${word(root)} push ${word(`--force-with-lease=${ref}:`)} ${word(remote)} ${word(`${commit}:${ref}`)}`,
      );
    }
    return ok({ text: lines.join('\n'), json: done.value });
  });
}
