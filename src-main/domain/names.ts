/** How things are called: slugs, branches, directories, operations. */

const LONGEST_SLUG = 40;
/** A cut that falls inside a word moves back to the word's start, but not further than this. */
const SHORTEST_CUT = 24;

/** Letters that Unicode does not take apart. */
const SPELLED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/**
 * Names that Windows keeps for devices, whatever the extension; a loose ref is a file of that name.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
 */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** `[a-z0-9-]`, at most 40 characters; empty when the text has no letter or digit to make one of. */
export function slugOf(text: string): string {
  const slug = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/['’`]/g, '')
    .replace(/[ßæœøđðłþı]/g, (letter) => SPELLED[letter] ?? letter)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const short = cut(slug);
  return RESERVED.test(short) ? `${short}-task` : short;
}

function cut(slug: string): string {
  if (slug.length <= LONGEST_SLUG) return slug;
  const head = slug.slice(0, LONGEST_SLUG);
  const wordStart = head.lastIndexOf('-');
  const whole = slug[LONGEST_SLUG] === '-' || wordStart < SHORTEST_CUT ? head : head.slice(0, wordStart);
  return whole.replace(/-+$/, '');
}

/** `20261122-190000` in the person's own time; `at` is milliseconds since the epoch. */
export function timestamp(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}-${two(date.getHours())}${two(
    date.getMinutes(),
  )}${two(date.getSeconds())}`;
}

/** The name that a task gives. */
export const nameOfTask = (task: string, at: number): string => slugOf(task) || `task-${timestamp(at)}`;
export const quickName = (at: number): string => `quick-${timestamp(at)}`;

/**
 * What is wrong with a name that a person chose, or null. Spaces, capitals and accents are merely
 * spelled differently; what git or a shell would stumble over is refused rather than guessed at.
 */
export function nameProblem(name: string): string | null {
  const trimmed = name.trim();
  if (trimmed === '') return 'is empty';
  if (/\p{Cc}/u.test(name)) return 'has a line break or another control character in it';
  if (trimmed.startsWith('-')) return 'starts with a dash';
  if (slugOf(trimmed) === '') return 'has no letter or digit to make a name of';
  return null;
}

/** What git is asked about before a chosen name is spelled as a slug, so that `a..b` is not just mended. */
export const branchAsked = (prefix: string, name: string): string =>
  prefix + name.trim().replace(/\s+/g, '-');

/** The slug of a chosen name; a name that repeats the branch prefix means the rest. */
export function slugOfName(name: string, prefix: string): string {
  const trimmed = name.trim();
  const rest = prefix !== '' && trimmed.startsWith(prefix) ? trimmed.slice(prefix.length) : trimmed;
  return slugOf(rest) || slugOf(trimmed);
}

/** `project-wt-fix-footer`. `repository` is the main worktree's base name, or a bare one's less `.git`. */
export const directoryName = (repository: string, slug: string): string => `${repository}-wt-${slug}`;

/** `spawn-20261122190000-abcdef`, in UTC; `random` is six hexadecimal digits. */
export function operationIdOf(kind: string, at: number, random: string): string {
  return `${kind}-${new Date(at).toISOString().slice(0, 19).replace(/\D/g, '')}-${random}`;
}

/**
 * The branch among `existing` that stands in the way of a new one: the same without regard to case
 * (one file on macOS and Windows), or one that would have to be a directory of refs and a ref at once.
 */
export function branchInTheWay(branch: string, existing: readonly string[]): string | null {
  const wanted = branch.toLowerCase();
  return (
    existing.find((one) => {
      const other = one.toLowerCase();
      return other === wanted || other.startsWith(`${wanted}/`) || wanted.startsWith(`${other}/`);
    }) ?? null
  );
}
