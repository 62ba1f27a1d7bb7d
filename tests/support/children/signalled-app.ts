/**
 * An app that does nothing but send itself SIGTERM, with listeners of the given kind; says on stdout what
 * it hears. The last argument is the kind.
 */
import { app } from 'electron';

const kind = process.argv.at(-1);
const say = (word: string) => process.stdout.write(`${word}\n`);
const early = () => say('early');
const late = () => say('late');

app.on('will-quit', () => say('will-quit'));
app.on('window-all-closed', () => {});
if (kind === 'early' || kind === 'early-and-late' || kind === 'early-removed') process.on('SIGTERM', early);
void app.whenReady().then(() => {
  if (kind === 'early-removed') process.removeAllListeners('SIGTERM');
  if (kind === 'late' || kind === 'early-and-late' || kind === 'early-removed') process.on('SIGTERM', late);
  if (kind === 'late-removed') process.on('SIGTERM', late).off('SIGTERM', late);
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200);
  // Whoever owns the signal is still there.
  setTimeout(() => app.exit(7), 1_500);
});
