/**
 * The repository's own code that a merge would run, as it will stand when it runs: validation in the
 * updated worktree, hooks there and in the base's checkout. Judged on the predicted tree, because an
 * update brings in the base's version of both.
 */
import type { RepositoryCommand } from '../../contract/failures';
import type { RepositoryLocation } from '../../domain/facts';
import { HOOKS_OF } from '../../domain/hook-events';
import type { MergeChoices, ValidationCommand } from '../../domain/merge-plan';
import type { HookGround, MergeSurvey, MergeWork, RepositoryHooks } from '../../engine/ports';
import { commandText } from '../facts/command-text';
import { diskFiles, filesAfter } from '../facts/tree-files';
import type { GitCommand } from '../run/git-command';
import { detectValidation } from './validation-detect';

export interface JudgedCode {
  readonly validation: readonly ValidationCommand[];
  readonly hooks: MergeSurvey['hooks'];
}

export interface CodeToJudge {
  readonly only: 'merge' | 'rebase';
  readonly choices: MergeChoices;
  readonly behind: boolean;
  readonly configured: readonly string[];
  readonly worktree: string;
  /** Where the base is checked out; null when nowhere. */
  readonly baseCheckout: string | null;
}

type Prediction = { readonly tree: string; readonly env: Readonly<Record<string, string>> };

/** @param predicted null when there is a conflict: then what is there now is all that is known */
export async function judgeCode(
  deps: {
    readonly git: GitCommand;
    readonly hooks: RepositoryHooks;
    readonly platform: 'darwin' | 'linux' | 'win32';
  },
  location: RepositoryLocation,
  code: CodeToJudge,
  predicted: Prediction | null,
): Promise<JudgedCode> {
  const found = new Map<string, RepositoryCommand>();
  for (const ground of grounds(location, code)) {
    const coming =
      predicted === null
        ? []
        : ground.comesInto.map((worktree) => ({ worktree, commit: predicted.tree, env: predicted.env }));
    const { directory, events } = ground;
    const judged = await deps.hooks.inTree(location, { directory, events, coming });
    for (const hook of judged) found.set(hook.text, hook);
  }
  return { hooks: [...found.values()], validation: await validationIn(deps, code, predicted) };
}

interface Step {
  readonly directory: string;
  readonly events: readonly string[];
  readonly comesInto: readonly string[];
}

function grounds(location: RepositoryLocation, code: CodeToJudge): readonly Step[] {
  const { worktree, baseCheckout, choices } = code;
  const steps: Step[] = [];
  if (code.behind) steps.push({ directory: worktree, events: HOOKS_OF.move, comesInto: [worktree] });
  if (code.only === 'rebase') return steps;
  if (choices.strategy === 'pr')
    return [...steps, { directory: worktree, events: HOOKS_OF.push, comesInto: [worktree] }];
  const comesInto = baseCheckout === null ? [] : [baseCheckout];
  const directory = baseCheckout ?? location.root;
  steps.push({ directory, events: baseCheckout === null ? HOOKS_OF.ref : HOOKS_OF.move, comesInto });
  if (choices.push) steps.push({ directory, events: HOOKS_OF.push, comesInto });
  return steps;
}

async function validationIn(
  deps: { readonly git: GitCommand; readonly platform: 'darwin' | 'linux' | 'win32' },
  { only, configured, worktree }: CodeToJudge,
  predicted: Prediction | null,
): Promise<readonly ValidationCommand[]> {
  if (only === 'rebase') return [];
  const files =
    predicted === null
      ? diskFiles(worktree)
      : await filesAfter(deps.git, worktree, predicted.tree, predicted.env);
  if (configured.length === 0) return detectValidation(files, deps.platform);
  return Promise.all(
    configured.map(async (run) => ({
      purpose: 'validate' as const,
      run,
      text: await commandText(run, files),
    })),
  );
}

/** The hooks of one step that is about to run, right before it. */
export function hooksOfStep(
  hooks: RepositoryHooks,
  location: RepositoryLocation,
  work: MergeWork,
  step: 'update' | 'push-branch' | 'land' | 'push',
  commit: string,
): Promise<readonly RepositoryCommand[]> {
  const directory = work.baseCheckout ?? location.root;
  const into = (worktree: string | null): HookGround['coming'] =>
    worktree === null ? [] : [{ worktree, commit }];
  switch (step) {
    case 'update':
      return hooks.inTree(location, {
        directory: work.path,
        events: HOOKS_OF.move,
        coming: into(work.path),
      });
    case 'push-branch':
      return hooks.inTree(location, { directory: work.path, events: HOOKS_OF.push, coming: [] });
    case 'land':
      return hooks.inTree(location, {
        directory,
        events: work.baseCheckout === null ? HOOKS_OF.ref : HOOKS_OF.move,
        coming: into(work.baseCheckout),
      });
    case 'push':
      return hooks.inTree(location, { directory, events: HOOKS_OF.push, coming: [] });
  }
}
