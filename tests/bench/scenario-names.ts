/** The measurements, in the order of the table. */
export const scenarioNames = [
  'M',
  'L',
  'S',
  'again',
  'idle',
  'many',
  'matrix',
  'harmless',
  'cleanup',
  'parent',
  'sessions',
  'transcripts',
  'notification',
  'electron',
  'memory',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export const titles: { readonly [N in ScenarioName]: string } = {
  M: 'Fixture M',
  L: 'Fixture L',
  S: 'Fixture S',
  again: 'Second start',
  idle: 'Nothing changed',
  many: 'An event with many worktrees',
  matrix: 'Collisions',
  harmless: 'Own reads',
  cleanup: 'Cleanup',
  parent: 'Starting git from a large process',
  sessions: 'Sessions',
  transcripts: 'Transcripts',
  notification: 'Notification',
  electron: 'The app on real Electron',
  memory: 'Memory',
};
