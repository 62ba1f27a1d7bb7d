/**
 * How a project builds, tests and lints, told from its files. These commands run the repository's
 * code, so each is approved by its exact text; for a script that text holds what the script says.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ValidationCommand } from '../../domain/merge-plan';

interface Project {
  readonly names: ReadonlySet<string>;
  has(...names: string[]): boolean;
  read(name: string): Promise<string | null>;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

export async function detectValidation(
  directory: string,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<readonly ValidationCommand[]> {
  const names = new Set(await readdir(directory).catch(() => []));
  const project: Project = {
    names,
    has: (...wanted) => wanted.some((name) => names.has(name)),
    read: (name) => readFile(join(directory, name), 'utf8').catch(() => null),
    platform,
  };
  const found: ValidationCommand[] = [];
  for (const kind of [scripts, cargo, go, gradle, maven, dotnet, python, composer])
    found.push(...(await kind(project)));
  // A Makefile beside one of the above usually calls it.
  return found.length > 0 ? found : make(project);
}

const plain = (...commands: string[]): ValidationCommand[] =>
  commands.map((run) => ({ purpose: 'detected', run, text: run }));

/** `said` is what the script does: part of what is approved, no part of what is typed. */
const script = (run: string, said: string): ValidationCommand => ({
  purpose: 'detected',
  run,
  text: `${run}  # ${JSON.stringify(said).slice(1, -1)}`,
});

const wanted = ['build', 'test', 'lint'] as const;

async function scripts(project: Project): Promise<ValidationCommand[]> {
  const file = parse(await project.read('package.json'));
  if (file === null) return [];
  const manager = packageManager(project, file);
  return wanted.flatMap((name) => {
    const all = file.scripts;
    const said = isRecord(all) && Object.hasOwn(all, name) ? all[name] : undefined;
    // What `npm init` puts there is no test.
    if (typeof said !== 'string' || said.includes('no test specified')) return [];
    const around = ['pre', 'post'].flatMap((when) => {
      const hook = isRecord(all) && Object.hasOwn(all, when + name) ? all[when + name] : undefined;
      return typeof hook === 'string' ? [`${when}${name}: ${hook}`] : [];
    });
    return [script(`${manager} run ${name}`, [said, ...around].join('; '))];
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

async function cargo(project: Project): Promise<ValidationCommand[]> {
  return project.has('Cargo.toml') ? plain('cargo build', 'cargo test') : [];
}

async function go(project: Project): Promise<ValidationCommand[]> {
  return project.has('go.mod') ? plain('go build ./...', 'go test ./...', 'go vet ./...') : [];
}

async function gradle(project: Project): Promise<ValidationCommand[]> {
  if (!project.has('build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts')) return [];
  if (project.platform === 'win32' && project.has('gradlew.bat')) return plain('.\\gradlew.bat build');
  return plain(project.platform !== 'win32' && project.has('gradlew') ? './gradlew build' : 'gradle build');
}

async function maven(project: Project): Promise<ValidationCommand[]> {
  if (!project.has('pom.xml')) return [];
  if (project.platform === 'win32' && project.has('mvnw.cmd')) return plain('.\\mvnw.cmd -B verify');
  return plain(project.platform !== 'win32' && project.has('mvnw') ? './mvnw -B verify' : 'mvn -B verify');
}

async function dotnet(project: Project): Promise<ValidationCommand[]> {
  const has = [...project.names].some((name) => /\.(sln|slnx|csproj|fsproj|vbproj)$/i.test(name));
  return has ? plain('dotnet build', 'dotnet test') : [];
}

async function python(project: Project): Promise<ValidationCommand[]> {
  const configured =
    project.has('pytest.ini', 'conftest.py') ||
    /^\[tool\.pytest/m.test((await project.read('pyproject.toml')) ?? '') ||
    /^\[tool:pytest\]/m.test((await project.read('setup.cfg')) ?? '') ||
    /^\[pytest\]/m.test((await project.read('tox.ini')) ?? '');
  if (!configured) return [];
  if (project.has('uv.lock')) return plain('uv run pytest');
  if (project.has('poetry.lock')) return plain('poetry run pytest');
  return plain('pytest');
}

async function composer(project: Project): Promise<ValidationCommand[]> {
  const file = parse(await project.read('composer.json'));
  if (file === null) return [];
  const all = file.scripts;
  const own = wanted.flatMap((name) => {
    const said = isRecord(all) && Object.hasOwn(all, name) ? all[name] : undefined;
    return said === undefined ? [] : [script(`composer run-script ${name}`, JSON.stringify(said))];
  });
  if (own.length > 0) return own;
  return project.has('phpunit.xml', 'phpunit.xml.dist') ? plain('vendor/bin/phpunit') : [];
}

async function make(project: Project): Promise<ValidationCommand[]> {
  const name = ['GNUmakefile', 'makefile', 'Makefile'].find((one) => project.has(one));
  const text = name === undefined ? null : await project.read(name);
  if (text === null) return [];
  return wanted.flatMap((target) =>
    new RegExp(`^${target}\\s*:(?!=)`, 'm').test(text) ? plain(`make ${target}`) : [],
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
