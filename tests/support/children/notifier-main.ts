/**
 * A main process that only notifies, through our own notifier: says what happens as lines of JSON.
 * Arguments after `--`: bodies, shown one after the other under one id.
 */
import * as electron from 'electron';
import { createElectronNotifier } from '../../../src-main/faces/electron/notifier';
import { createMonotonicClock } from '../../../src-main/system/clock';
import { createSilentLog } from '../silent-log';

const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const bodies = process.argv.slice(process.argv.indexOf('--') + 1);

void electron.app.whenReady().then(async () => {
  const notifier = createElectronNotifier({
    create: (options) => new electron.Notification(options),
    isSupported: () => electron.Notification.isSupported(),
    platform: 'linux',
    packaged: false,
    clock: createMonotonicClock(),
    log: createSilentLog(),
    onProblem: () => say({ problem: notifier.problem }),
    history: null,
    onEarlierClick: () => {},
    run: 'r1',
  });
  for (const body of bodies) {
    notifier.notify(
      { id: 's-0123456789ab', title: 'shop', body, sound: false, sessionKey: null, worktreeId: null },
      () => say({ clicked: body }),
    );
  }
  say({ sent: bodies.length });
});
