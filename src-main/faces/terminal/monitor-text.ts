/** What `orch monitor` prints: the skill's table, what stands behind its rows, and what to do next. */
import type { RebaseNow, RepositoryView, Snapshot, Suggestion, WorktreeView } from '../../contract/snapshot';
import { bytesText } from '../../domain/bytes-text';
import { ago } from './ages';
import { collisionText, placesText } from './collision-text';
import { chooseColumns, type MonitorOptions, type Row } from './monitor-columns';
import { foremost, sessionDetail, sessionPaint, sessionText } from './session-words';
import { shellWord } from './shell-words';
import type { Style } from './style';
import { renderTable } from './table';
import { clean, fitEnd, wrap } from './text';
import { changesText, mergedText, syncText } from './worktree-words';

/** The whole block, without a line break at its end. */
export function monitorText(snapshot: Snapshot, options: MonitorOptions): string {
  const { style } = options;
  let number = 0;
  const rows = new Map<string, Row>();
  for (const repository of snapshot.repositories)
    for (const worktree of repository.worktrees) rows.set(worktree.id, { number: ++number, worktree });

  const parts = [style.bold('## Active Sessions')];
  const several = snapshot.repositories.length > 1;
  for (const repository of snapshot.repositories) {
    if (several)
      parts.push(style.bold(`### ${clean(repository.name)}`) + style.dim(`  ${clean(repository.root)}`));
    parts.push(repositoryText(repository, rows, options));
  }
  if (snapshot.repositories.length === 0)
    parts.push('No repository yet. Add one with `orch repo add DIR`, or start Claude Code in one.');
  if (snapshot.elsewhere.length > 0) parts.push(elsewhereText(snapshot, options));
  const advice = [
    ...snapshot.suggestions.map((one) => suggestionText(one, rows, options)),
    ...snapshot.problems.map((problem) =>
      paragraph(style.red('Problem:'), `${clean(problem.where)}: ${clean(problem.message)}`, options),
    ),
  ];
  if (advice.length > 0) parts.push(advice.join('\n'));
  return parts.join('\n\n');
}

function repositoryText(
  repository: RepositoryView,
  rows: ReadonlyMap<string, Row>,
  options: MonitorOptions,
): string {
  const shown = repository.worktrees.flatMap((worktree) => rows.get(worktree.id) ?? []);
  if (shown.length === 0) return 'No worktrees.';
  const { fields, widths, used } = chooseColumns(shown, options);
  const table = renderTable(
    fields.map((field) => field.column),
    shown.map((row) => fields.map((field) => field.cell(row, options))),
    widths,
    options.style,
  );
  const details = shown.flatMap((row) => detailLines(row, rows, used, options));
  return details.length === 0 ? table : `${table}\n\n${details.join('\n')}`;
}

/** "2  ▲ needs permission, 2 min: Bash, npm test" and what else its columns did not say. */
function detailLines(
  { number, worktree }: Row,
  rows: ReadonlyMap<string, Row>,
  used: ReadonlySet<string>,
  options: MonitorOptions,
): string[] {
  const { now, style } = options;
  const lines: string[] = [];
  const inTable = used.has('session') ? foremost(worktree.sessions) : null;
  for (const session of worktree.sessions) {
    if (session.state === 'ended' && used.has('session')) continue;
    const detail = sessionDetail(session);
    const where =
      session.attention === 'needs-you' && session.terminal !== null ? clean(session.terminal) : null;
    if (session.id === inTable?.id && detail === null && where === null) continue;
    lines.push(
      sessionPaint(session, style)(sessionText(session, now)) +
        (detail === null ? '' : `: ${detail}`) +
        (where === null ? '' : style.dim(` (${where})`)),
    );
  }
  if (worktree.rebaseNow !== null) lines.push(rebaseText(worktree.rebaseNow, style));
  const facts = [
    !used.has('task') && worktree.task !== null ? clean(worktree.task) : '',
    used.has('changes') ? '' : changesText(worktree),
    used.has('sync') ? '' : syncText(worktree),
    worktree.base !== null && !worktree.isMain && worktree.base !== baseOf(rows, worktree)
      ? `from ${clean(worktree.base)}`
      : '',
    mergedText(worktree),
    worktree.ongoing === null ? '' : `${worktree.ongoing} under way`,
    collisionText(worktree, rows),
    worktree.note === null ? '' : `note “${clean(worktree.note.title)}” ${ago(worktree.note.at, now)}`,
    worktree.locked ? `locked${worktree.lockReason ? `: ${clean(worktree.lockReason)}` : ''}` : '',
    worktree.diskBytes === null ? '' : bytesText(worktree.diskBytes),
    worktree.stale ? 'not read yet' : '',
    worktree.problem === null ? '' : clean(worktree.problem),
  ].filter((fact) => fact !== '');
  if (facts.length > 0) lines.push(facts.join(' · '));
  lines.push(...placesText({ number, worktree }, rows).map((place) => style.dim(`  ${place}`)));
  return lines.map((line, i) => {
    const label = i === 0 ? String(number).padStart(3) : '   ';
    const text = `${style.dim(label)}  ${line}`;
    return options.columns === null ? text : cutPainted(text, line, label, options);
  });
}

/** "rebase now: main has moved and conflicts with it in src/x.ts" */
const rebaseText = ({ waitsFor, why, next }: RebaseNow, style: Style): string =>
  waitsFor === null
    ? `${style.yellow('rebase now')}: ${clean(why)}`
    : `${style.yellow('needs a rebase')}: ${clean(why)}. ${next}`;

/** Cuts a line with colours in it by cutting its bare text when it is too long. */
function cutPainted(text: string, line: string, label: string, { columns, style }: MonitorOptions): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours, to be taken out again.
  const bare = line.replace(/\u001b\[\d+m/g, '');
  const room = (columns ?? 0) - label.length - 2;
  const fitted = fitEnd(bare, room);
  return fitted === bare ? text : `${style.dim(label)}  ${fitted}`;
}

/** The base that goes without saying: the branch of the repository's main worktree. */
function baseOf(rows: ReadonlyMap<string, Row>, { repositoryId }: WorktreeView): string | null {
  for (const { worktree } of rows.values())
    if (worktree.repositoryId === repositoryId && worktree.isMain) return worktree.branch;
  return null;
}

function elsewhereText(snapshot: Snapshot, options: MonitorOptions): string {
  const { style, now } = options;
  const lines = snapshot.elsewhere.map((session) => {
    const detail = sessionDetail(session);
    return `     ${sessionPaint(session, style)(sessionText(session, now))} in ${clean(session.directory)}${
      detail === null ? '' : `: ${detail}`
    }`;
  });
  return [style.bold('Sessions in no repository:'), ...lines].join('\n');
}

function suggestionText(
  { worktree: id, text, action }: Suggestion,
  rows: ReadonlyMap<string, Row>,
  options: MonitorOptions,
): string {
  const sentence = paragraph(options.style.bold('Suggestion:'), clean(text), options);
  const row = rows.get(id);
  if (row === undefined || action === null) return sentence;
  const { path, name } = row.worktree;
  const word = shellWord(clean(name.startsWith('-') ? path : name), options.platform);
  return `${sentence}\n  ${options.style.cyan(`orch ${action} ${word}`)}`;
}

function paragraph(label: string, text: string, { columns }: MonitorOptions): string {
  return columns === null ? `${label} ${text}` : wrap(`${label} ${text}`, columns);
}
