/**
 * How a project builds, tests and lints, told from its files. These commands run the repository's
 * code, so each is approved by its exact text; for a script that text holds what the script says.
 */
import type { ValidationCommand } from '../../domain/merge-plan';
import { commandText } from '../facts/command-text';
import { diskFiles, type TreeFiles } from '../facts/tree-files';

interface Project {
  readonly names: ReadonlySet<string>;
  has(...names: string[]): boolean;
  read(name: string): Promise<string | null>;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

/** @param tree a directory, or the files of the tree that they will run in */
export async function detectValidation(
  tree: string | TreeFiles,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<readonly ValidationCommand[]> {
  const files = typeof tree === 'string' ? diskFiles(tree) : tree;
  const names = new Set(await files.list(''));
  const project: Project = {
    names,
    has: (...wanted) => wanted.some((name) => names.has(name)),
    read: async (name) => (await files.read(name))?.text ?? null,
    platform,
  };
  const found: string[] = [];
  for (const kind of [scripts, cargo, go, gradle, maven, dotnet, python, composer])
    found.push(...(await kind(project)));
  // A Makefile beside one of the above usually calls it.
  const runs = found.length > 0 ? found : await make(project);
  return Promise.all(
    runs.map(async (run) => ({ purpose: 'detected' as const, run, text: await commandText(run, files) })),
  );
}

const wanted = ['build', 'test', 'lint'] as const;

async function scripts(project: Project): Promise<string[]> {
  const file = parse(await project.read('package.json'));
  if (file === null) return [];
  const manager = packageManager(project, file);
  return wanted.flatMap((name) => {
    const all = file.scripts;
    const said = isRecord(all) && Object.hasOwn(all, name) ? all[name] : undefined;
    // What `npm init` puts there is no test.
    if (typeof said !== 'string' || said.includes('no test specified')) return [];
    return [`${manager} run ${name}`];
  });
}

function packageManager(project: Project, file: Readonly<Record<string, unknown>>): string {
  // https://nodejs.org/api/packages.html#packagemanager
  const named =
    typeof file.packageManager === 'string' ? /^(npm|pnpm|yarn|bun)@/.exec(file.packageManager)?.[1] : null;
  if (named != null) return named;
  if (project.has('pnpm-lock.yaml')) return 'pnpm';
  if (project.has('yarn.lock')) return 'yarn';
  if (project.has('bun.lock', 'bun.lockb')) return 'bun';
  return 'npm';
}

async function cargo(project: Project): Promise<string[]> {
  return project.has('Cargo.toml') ? ['cargo build', 'cargo test'] : [];
}

async function go(project: Project): Promise<string[]> {
  return project.has('go.mod') ? ['go build ./...', 'go test ./...', 'go vet ./...'] : [];
}

async function gradle(project: Project): Promise<string[]> {
  if (!project.has('build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts')) return [];
  if (project.platform === 'win32' && project.has('gradlew.bat')) return ['.\\gradlew.bat build'];
  return [project.platform !== 'win32' && project.has('gradlew') ? './gradlew build' : 'gradle build'];
}

async function maven(project: Project): Promise<string[]> {
  if (!project.has('pom.xml')) return [];
  if (project.platform === 'win32' && project.has('mvnw.cmd')) return ['.\\mvnw.cmd -B verify'];
  return [project.platform !== 'win32' && project.has('mvnw') ? './mvnw -B verify' : 'mvn -B verify'];
}

async function dotnet(project: Project): Promise<string[]> {
  const has = [...project.names].some((name) => /\.(sln|slnx|csproj|fsproj|vbproj)$/i.test(name));
  return has ? ['dotnet build', 'dotnet test'] : [];
}

async function python(project: Project): Promise<string[]> {
  const configured =
    project.has('pytest.ini', 'conftest.py') ||
    /^\[tool\.pytest/m.test((await project.read('pyproject.toml')) ?? '') ||
    /^\[tool:pytest\]/m.test((await project.read('setup.cfg')) ?? '') ||
    /^\[pytest\]/m.test((await project.read('tox.ini')) ?? '');
  if (!configured) return [];
  if (project.has('uv.lock')) return ['uv run pytest'];
  if (project.has('poetry.lock')) return ['poetry run pytest'];
  return ['pytest'];
}

async function composer(project: Project): Promise<string[]> {
  const file = parse(await project.read('composer.json'));
  if (file === null) return [];
  const all = file.scripts;
  const own = wanted.flatMap((name) => {
    return isRecord(all) && Object.hasOwn(all, name) ? [`composer run-script ${name}`] : [];
  });
  if (own.length > 0) return own;
  return project.has('phpunit.xml', 'phpunit.xml.dist') ? ['vendor/bin/phpunit'] : [];
}

async function make(project: Project): Promise<string[]> {
  const name = ['GNUmakefile', 'makefile', 'Makefile'].find((one) => project.has(one));
  const text = name === undefined ? null : await project.read(name);
  if (text === null) return [];
  return wanted.flatMap((target) =>
    new RegExp(`^${target}\\s*:(?!=)`, 'm').test(text) ? [`make ${target}`] : [],
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // the project's own tools will say what is wrong with it
  }
}
