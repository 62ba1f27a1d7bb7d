import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail, ok } from '../../contract/result';
import type { RepositoryConfig, RepositoryConfigs, RepositoryLocation } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';

const MOST_BYTES = 64 * 1_024;

const command = z
  .string('must be a text')
  .max(8_000, 'is longer than 8000 characters')
  .refine((text) => text.trim() !== '', 'must not be empty')
  .refine((text) => !text.includes('\0'), 'has a NUL character in it');
const name = z
  .string('must be a text')
  .max(200, 'is longer than 200 characters')
  .refine((text) => text !== '' && !text.startsWith('-'), 'must not be empty or start with a dash')
  .refine((text) => !/\p{Cc}/u.test(text), 'has a control character in it');
const pattern = z
  .string('must be a text')
  .max(1_000, 'is longer than 1000 characters')
  .refine((text) => text.trim() !== '' && !/[\r\n\0]/.test(text), 'must be one line that is not empty');

/** Strict about what it knows, blind to what it doesn't: a newer Orchard may know more keys. */
const schema = z.object(
  {
    setup: command.nullish(),
    validate: z
      .union([command.transform((one) => [one]), z.array(command, 'must be a text or a list of texts')], {
        error: 'must be a text or a list of texts',
      })
      .nullish(),
    teardown: command.nullish(),
    copy: z.array(pattern, 'must be a list of patterns').max(200, 'has more than 200 patterns').nullish(),
    base: name.nullish(),
    branchPrefix: name.nullish(),
  },
  'must be an object',
);

const NOTHING: RepositoryConfig = {
  setup: null,
  validate: [],
  teardown: null,
  copy: [],
  base: null,
  branchPrefix: null,
};

export interface RepositoryConfigsDeps {
  /** The worktree that speaks for a repository; null for a bare one without such a worktree. */
  sourceOf(location: RepositoryLocation): Promise<string | null>;
}

/**
 * `.orchard.json`, always from the main worktree: what a branch changes in it counts once it is merged
 * and checked out there. The problem names the field and never echoes the file.
 */
export function createRepositoryConfigs({ sourceOf }: RepositoryConfigsDeps): RepositoryConfigs {
  return {
    async read(location) {
      const source = await sourceOf(location);
      if (source === null) return ok(NOTHING);
      const path = join(source, '.orchard.json');
      const invalid = (problem: string) => fail({ kind: 'invalid-orchard-json', path, problem } as const);
      let content: string | null;
      try {
        content = await readAtMost(path);
      } catch (error) {
        const code = errorCode(error);
        if (code === 'ENOENT' || code === 'ENOTDIR') return ok(NOTHING);
        return invalid(code === 'EISDIR' ? 'It is no file' : `It can’t be read (${code ?? String(error)})`);
      }
      if (content === null) return invalid('It is longer than 64 KB');
      let data: unknown;
      try {
        data = JSON.parse(content.replace(/^\uFEFF/, ''));
      } catch (error) {
        return invalid(`It is not valid JSON${positionIn(content, error)}`);
      }
      const parsed = schema.safeParse(data);
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        const field =
          issue === undefined || issue.path.length === 0 ? 'It' : issue.path.map(String).join('.');
        return invalid(`${field} ${issue?.message ?? 'has the wrong shape'}`);
      }
      const { setup, validate, teardown, copy, base, branchPrefix } = parsed.data;
      return ok({
        setup: setup ?? null,
        validate: validate ?? [],
        teardown: teardown ?? null,
        copy: copy ?? [],
        base: base ?? null,
        branchPrefix: branchPrefix ?? null,
      });
    },
  };
}

/** Null when there is more: nothing that large is a configuration, and it may be anything. */
async function readAtMost(path: string): Promise<string | null> {
  // Looked at before it is opened: opening a pipe would wait for somebody to write.
  if (!(await stat(path)).isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > MOST_BYTES ? null : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function positionIn(content: string, error: unknown): string {
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (at === undefined) return '';
  return ` (line ${content.slice(0, Number(at)).split('\n').length})`;
}
