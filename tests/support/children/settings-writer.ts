/**
 * Adds numbered repositories to the settings and meets numbered sessions in the ledger, one at a time,
 * like an `orch` beside others. Arguments: directory, a name of its own, how many.
 */
import { join } from 'node:path';
import { createConfSettings } from '../../../src-main/settings/conf-settings';
import { createSessionLedger } from '../../../src-main/settings/session-ledger';
import { createFileLock } from '../../../src-main/system/file-lock';
import { linuxProcesses } from '../linux-processes';
import { realClock } from '../real-clock';
import { createSilentLog } from '../silent-log';

const [directory = '', name = '', times = '0'] = process.argv.slice(2);
const log = createSilentLog();
const lock = createFileLock({ processes: linuxProcesses, clock: realClock, log });
const shared = { lock, clock: realClock, log, watch: false };
const settings = await createConfSettings({ directory, ...shared });
const ledger = createSessionLedger({ file: join(directory, 'sessions.json'), ...shared });
for (let turn = 0; turn < Number(times); turn++) {
  const changed = await settings.update((current) => ({
    ...current,
    repositories: { ...current.repositories, added: [...current.repositories.added, `/${name}/${turn}`] },
  }));
  if (!changed.ok) throw new Error(JSON.stringify(changed.error));
  await ledger.write({ [`${name}:${turn}`]: { firstSeenAt: turn, seenAt: null } });
}
if (log.lines.length > 0) throw new Error(JSON.stringify(log.lines));
