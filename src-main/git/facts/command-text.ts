/**
 * What is shown and approved for a command of a repository: the command, and what the tree makes of it.
 * `npm test` is three words; what runs is what the script says, so a change of the script asks again.
 */
import { createHash } from 'node:crypto';
import type { TreeFiles } from './tree-files';

/** Longer than this, nobody reads it in a question: its fingerprint stands for it. */
const MOST_SHOWN = 4_000;
const MOST_SCRIPTS = 40;

/** @returns the command itself when the tree adds nothing to it */
export async function commandText(run: string, files: TreeFiles): Promise<string> {
  const said = await whatItRuns(run, files);
  const lines = said.lines.length === 0 ? '' : `  # ${oneLine(said.lines.join('; '))}`;
  return [run + lines, ...said.files.map(({ path, text }) => `# ${path}:\n${shown(text)}`)].join('\n');
}

/** The same about what a hook runs, to be put behind its own text. */
export async function hookAddition(text: string, files: TreeFiles): Promise<string> {
  // A comment runs nothing.
  const said = await whatItRuns(text.replace(/^\s*#.*$/gm, ''), files);
  return [
    ...said.lines.map((line) => `# ${oneLine(line)}\n`),
    ...said.files.map(({ path, text: content }) => `# ${path}:\n${shown(content)}\n`),
  ].join('');
}

interface Said {
  readonly lines: readonly string[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

async function whatItRuns(run: string, files: TreeFiles): Promise<Said> {
  const scripts = await packageScripts(run, files);
  const all = [run, ...scripts.map(({ said }) => said)].join('\n');
  return {
    lines: [
      ...scripts.map(({ name, said }, at) =>
        at === 0 && scripts[0]?.named === true ? said : `${name}: ${said}`,
      ),
      ...(await composerScripts(run, files)),
      ...(await makeRules(all, files)),
      ...(await pytestOptions(all, files)),
      ...(await taskFiles(all, files)),
    ],
    files: await filesRun(all, files),
  };
}

const oneLine = (text: string): string => JSON.stringify(text).slice(1, -1);
const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex');
const shown = (text: string): string =>
  text.length <= MOST_SHOWN ? text : `(${text.length} characters, sha256 ${fingerprint(text)})`;

interface Script {
  readonly name: string;
  readonly said: string;
  /** It is what the command itself names, so its name need not be said again. */
  readonly named: boolean;
}

// https://docs.npmjs.com/cli/using-npm/scripts#life-cycle-scripts
const ON_INSTALL = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
const RUNNERS =
  /(?:^|[\s;&|("'`/])(npm|npx|pnpm|yarn|bun|node|run-s|run-p|npm-run-all|turbo|nx|lerna|wireit)\b/;
const INSTALLS =
  /(?:^|[\s;&|(])(?:(?:npm|pnpm|bun)\s+(?:ci|i|install|clean-install)\b|yarn(?:\s+install\b|\s*(?:$|[;&|\n]|--)))/;

/** Scripts of package.json that the command reaches, also through each other. */
async function packageScripts(run: string, files: TreeFiles): Promise<readonly Script[]> {
  if (!RUNNERS.test(run)) return [];
  const all = recordOf(await jsonOf('package.json', files), 'scripts');
  if (all === null) return [];
  const found = new Map<string, Script>();
  const direct = /^\s*(?:npm|pnpm|yarn|bun)\s+(?:run(?:-script)?\s+)?([^\s;&|]+)\s*$/.exec(run)?.[1];
  const named = direct === 't' ? 'test' : direct;
  const take = (name: string, isNamed: boolean) => {
    const said = Object.hasOwn(all, name) ? all[name] : undefined;
    if (typeof said !== 'string' || found.has(name) || found.size >= MOST_SCRIPTS) return;
    found.set(name, { name, said, named: isNamed });
    for (const when of ['pre', 'post']) take(when + name, false);
    reach(said);
  };
  const reach = (text: string) => {
    const words = new Set(text.split(/[\s"'`;&|()]+/));
    for (const name of Object.keys(all))
      if (words.has(name) || [...words].some((word) => word.endsWith('*') && name.startsWith(stem(word))))
        take(name, false);
    if (/(?:^|[\s;&|(])npm\s+(?:t|tst)\b/.test(text)) take('test', false);
  };
  if (named !== undefined) take(named, true);
  if (INSTALLS.test(run)) for (const name of ON_INSTALL) take(name, false);
  reach(run);
  return [...found.values()];
}

const stem = (word: string): string => word.replace(/\*+$/, '');

async function composerScripts(run: string, files: TreeFiles): Promise<readonly string[]> {
  if (!/(?:^|[\s;&|(/])composer\b/.test(run)) return [];
  const all = recordOf(await jsonOf('composer.json', files), 'scripts');
  if (all === null) return [];
  const words = new Set(run.split(/[\s"'`;&|()]+/));
  return Object.keys(all)
    .filter((name) => words.has(name) || (words.has('install') && /^(pre|post)-/.test(name)))
    .map((name) => JSON.stringify(all[name]));
}

/** A Makefile's rules call each other and its variables: the rules are shown, and any change of it asks again. */
async function makeRules(run: string, files: TreeFiles): Promise<readonly string[]> {
  const targets = [...run.matchAll(/(?:^|[\s;&|(])g?make\b([^;&|\n]*)/g)].flatMap((match) =>
    (match[1] ?? '').split(/\s+/).filter((word) => word !== '' && !/^-|=/.test(word)),
  );
  if (!/(?:^|[\s;&|(])g?make\b/.test(run)) return [];
  const names = await files.list('');
  const name = ['GNUmakefile', 'makefile', 'Makefile'].find((one) => names.includes(one));
  const makefile = name === undefined ? null : await files.read(name);
  if (name === undefined || makefile === null) return [];
  let whole = makefile.text;
  for (const match of makefile.text.matchAll(/^-?include\s+(.+)$/gm))
    for (const included of (match[1] ?? '').split(/\s+/))
      whole += (await files.read(included.replace(/^\.\//, '')))?.text ?? '';
  const rules = rulesOf(makefile.text);
  const first = rules.keys().next().value;
  const wanted = targets.length > 0 ? [...targets] : first === undefined ? [] : [first];
  const reached = new Set<string>();
  for (let target = wanted.shift(); target !== undefined; target = wanted.shift()) {
    const rule = rules.get(target);
    if (rule === undefined || reached.has(target)) continue;
    reached.add(target);
    wanted.push(...rule.needs);
  }
  const recipes = [...reached].flatMap((target) => {
    const { recipe = [] } = rules.get(target) ?? {};
    return recipe.length === 0 ? [] : [`${target}: ${recipe.join(' && ')}`];
  });
  return [...recipes, `${name} sha256 ${fingerprint(whole).slice(0, 16)}`];
}

interface Rule {
  readonly needs: readonly string[];
  readonly recipe: string[];
}

function rulesOf(makefile: string): ReadonlyMap<string, Rule> {
  const rules = new Map<string, Rule>();
  let current: readonly Rule[] = [];
  for (const line of makefile.replace(/\\\n/g, ' ').split('\n')) {
    if (line.startsWith('\t')) {
      for (const rule of current) rule.recipe.push(line.trim());
      continue;
    }
    const head = /^([^\s#:=][^:=#]*):(?!=)([^#]*)/.exec(line);
    if (head === null) continue;
    const [, names = '', rest = ''] = head;
    const [needs = '', inline] = rest.split(';', 2);
    current = names
      .trim()
      .split(/\s+/)
      .filter((name) => !name.startsWith('.'))
      .map((name) => {
        const before = rules.get(name);
        const rule: Rule = {
          needs: [
            ...(before?.needs ?? []),
            ...needs.split(/\s+/).filter((need) => need !== '' && need !== '|'),
          ],
          recipe: before?.recipe ?? [],
        };
        if (inline !== undefined) rule.recipe.push(inline.trim());
        rules.set(name, rule);
        return rule;
      });
  }
  return rules;
}

/** https://docs.pytest.org/en/stable/reference/customize.html: where it takes options from that load code. */
async function pytestOptions(run: string, files: TreeFiles): Promise<readonly string[]> {
  if (!/\bpytest\b|\bpy\.test\b/.test(run)) return [];
  const said: string[] = [];
  for (const name of ['pytest.ini', '.pytest.ini', 'pyproject.toml', 'tox.ini', 'setup.cfg']) {
    const text = (await files.read(name))?.text ?? '';
    const section =
      /^\[(?:tool\.pytest(?:\.ini_options)?|tool:pytest|pytest)\]\n((?:(?!^\[).*\n?)*)/m.exec(text)?.[1] ??
      '';
    for (const line of section.matchAll(/^(addopts|required_plugins|pythonpath)\s*=\s*(.+(?:\n[ \t]+.+)*)/gm))
      said.push(`${line[1] ?? ''} = ${(line[2] ?? '').trim()}`);
  }
  return said;
}

/** Other task runners: their file is the command, so any change of it asks again. */
const TASK_FILES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/(?:^|[\s;&|(])just\b/, ['justfile', 'Justfile', '.justfile']],
  [/(?:^|[\s;&|(])task\b/, ['Taskfile.yml', 'Taskfile.yaml', 'taskfile.yml', 'taskfile.yaml']],
  [/\brake\b/, ['Rakefile', 'rakefile', 'Rakefile.rb']],
  [/\btox\b/, ['tox.ini', 'pyproject.toml', 'setup.cfg']],
  [/\bnox\b/, ['noxfile.py']],
  [/\b(?:poe|pdm|hatch|rye|taskipy|invoke|inv)\b/, ['pyproject.toml', 'tasks.py']],
  [/\bpre-commit\b/, ['.pre-commit-config.yaml']],
  [/\blefthook\b/, ['lefthook.yml', '.lefthook.yml', 'lefthook.yaml']],
  [/\bgrunt\b/, ['Gruntfile.js']],
  [/\bgulp\b/, ['gulpfile.js']],
  [/\bdocker[ -]compose\b/, ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']],
];

async function taskFiles(run: string, files: TreeFiles): Promise<readonly string[]> {
  const wanted = TASK_FILES.filter(([word]) => word.test(run)).flatMap(([, names]) => names);
  if (wanted.length === 0) return [];
  const names = await files.list('');
  const said: string[] = [];
  for (const name of new Set(wanted)) {
    const file = names.includes(name) ? await files.read(name) : null;
    if (file !== null) said.push(`${name} sha256 ${fingerprint(file.text).slice(0, 16)}`);
  }
  return said;
}

/** A file of the tree that is a command itself, or that an interpreter is told to run. */
const FILE_RUN =
  /(?:^|[\s;&|("'`]|\$\()(?:(?:sh|bash|zsh|dash|ksh|source|\.|node|deno run|bun|tsx|ts-node|python[\d.]*|ruby|perl|php|pwsh|powershell|env|exec|time|command)\s+(?:-[\w-]+\s+)*)?["']?(?:\.[/\\]|\$PWD\/)?([\w@+-][\w@./\\+-]*)/gm;
const MOST_FILES = 20;

async function filesRun(run: string, files: TreeFiles): Promise<Said['files']> {
  const found: { path: string; text: string }[] = [];
  const seen = new Set<string>();
  for (const match of run.matchAll(FILE_RUN)) {
    const path = (match[1] ?? '').replaceAll('\\', '/');
    const isPath = path.includes('/') || /\.\w+$/.test(path) || /[/\\]/.test(match[0]);
    if (!isPath || seen.has(path) || found.length >= MOST_FILES) continue;
    seen.add(path);
    const isCommand = /(?:^|[\s;&|("'`])(?:\.[/\\])?[^\s]*$/.test(match[0]) && !match[0].trim().includes(' ');
    const file = await files.read(path);
    // A word that only happens to name a file is no command; one that can be executed may be.
    if (file !== null && (!isCommand || file.runs || /\.(sh|bash|cmd|bat|ps1)$/.test(path)))
      found.push({ path, text: file.text });
  }
  return found;
}

async function jsonOf(name: string, files: TreeFiles): Promise<unknown> {
  const file = await files.read(name);
  if (file === null) return null;
  try {
    return JSON.parse(file.text.replace(/^\uFEFF/, ''));
  } catch {
    return null; // the project's own tools will say what is wrong with it
  }
}

function recordOf(value: unknown, key: string): Readonly<Record<string, unknown>> | null {
  const inner = isRecord(value) ? value[key] : null;
  return isRecord(inner) ? inner : null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
