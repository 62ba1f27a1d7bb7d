import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ok } from '../../contract/result';
import { HOOKS_OF } from '../../domain/hook-events';
import type { Log, WorktreeMaker } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { commandText } from '../facts/command-text';
import { createRepositoryHooks } from '../facts/hooks';
import { surveyRepository } from '../facts/repository-survey';
import { commitFiles, copiedFiles } from '../facts/tree-files';
import type { GitCommand } from '../run/git-command';
import type { PlainGit } from '../run/simple-git-instance';
import { findCopyCandidates } from './copy-candidates';
import { resolveSpawnBase } from './spawn-base';
import { addWorktree } from './worktree-addition';
import { takeWorktreeBack } from './worktree-take-back';

export interface WorktreeMakerDeps {
  readonly git: PlainGit;
  readonly command: GitCommand;
  /** The same empty directory that both were made with. */
  readonly emptyDirectory: string;
  readonly log: Log;
}

export function createWorktreeMaker(deps: WorktreeMakerDeps): WorktreeMaker {
  const { git, command } = deps;
  const hooks = createRepositoryHooks(command);
  return {
    resolveBase: (location, base, fetchLimitMs, signal) =>
      resolveSpawnBase(command, location, base, fetchLimitMs, signal),

    async branchProblem(location, branch) {
      // `@{-1}` would be answered with the branch it stands for, hence the comparison.
      const answer = await git.read(location.commonDir, ['check-ref-format', '--branch', branch]);
      if (answer.ok && answer.value.trim() === branch) return null;
      return 'is not a name that git takes for a branch';
    },

    survey: (location) => surveyRepository(command, location),

    async pathTaken(path) {
      try {
        const wanted = folded(basename(path));
        const taken = (await readdir(dirname(path))).find((name) => folded(name) === wanted);
        return taken === undefined ? null : join(dirname(path), taken);
      } catch (error) {
        // The directory above is made when it is missing; when it is something else, `add` says so.
        if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
        throw error;
      }
    },

    async copyCandidates(location, patterns) {
      const survey = await surveyRepository(command, location);
      return survey.ok ? findCopyCandidates({ git, command }, location, survey.value, patterns) : survey;
    },

    async hooks(location, commit) {
      const ground = {
        directory: location.isBare ? location.commonDir : location.root,
        events: HOOKS_OF.add,
        coming: [{ worktree: null, commit }],
      };
      return ok({
        inTree: await hooks.inTree(location, ground),
        others: await hooks.own(location, ground),
      });
    },

    commandText: (location, where, run) =>
      'directory' in where
        ? hooks.said(where.directory, run)
        : commandText(run, copiedFiles(commitFiles(command, location.commonDir, where.commit), where.copies)),

    async hasSubmodules(location, commit) {
      const entry = await git.read(location.commonDir, [
        'ls-tree',
        '--full-tree',
        '--name-only',
        commit,
        '--',
        '.gitmodules',
      ]);
      return entry.ok && entry.value.trim() !== '';
    },

    add: (location, spec, options) => addWorktree(command, location, spec, options),
    takeBack: (location, spec, steps, options) => takeWorktreeBack(deps, location, spec, steps, options),
  };
}

/** macOS and Windows take names that differ by case, or by how an accent is spelled, for one file. */
const folded = (name: string): string => name.normalize('NFC').toLowerCase();
