import { inject, type TestContext } from 'vitest';
import { notOnReal, onBus, onReal } from '../support/desktop/proved';
import type { RealElectron } from '../support/desktop/setup';

/** The real Electron with a bus of the run's own, or a skip that names what is missing. */
export function onOwnBus(ctx: TestContext): Extract<RealElectron, { program: string }> {
  if (process.platform !== 'linux') return ctx.skip('macOS and Windows have no D-Bus');
  const electron = inject('realElectron');
  if ('missing' in electron) return ctx.skip(electron.missing);
  if (!electron.ownDesktop) return ctx.skip('the real Electron has no bus of its own here');
  ctx.task.meta.proved = [...onReal(electron.version), ...onBus];
  ctx.task.meta.notProved = notOnReal(electron.version);
  return electron;
}
