/**
 * The one door between the page and the main process. Order: sender → decode → handler → Result, and
 * whatever goes wrong comes back as data.
 */
import type { Clipboard, IpcMain, IpcMainInvokeEvent } from 'electron';
import { decode, dispatch } from '../../contract/boundary';
import { channels } from '../../contract/channels';
import type { Failure } from '../../contract/failures';
import type { Handlers } from '../../contract/requests';
import { fail, type Result } from '../../contract/result';
import type { Cancel, Log } from '../../engine/ports';
import type { Popover } from './popover-window';
import { senderProblem } from './sender';

/** The longest text that the page may put on the clipboard, in UTF-16 units. */
const LONGEST_COPY = 65_536;

export interface IpcDeps {
  readonly ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'>;
  readonly clipboard: Pick<Clipboard, 'writeText'>;
  readonly popover: Pick<Popover, 'owns' | 'hide' | 'resize'>;
  /** Waits for the engine when a page asks before it is there. */
  readonly handlers: Promise<Handlers>;
  readonly page: string;
  readonly log: Log;
}

export function openIpc(deps: IpcDeps): Cancel {
  const { log, popover } = deps;

  /** Refuses foreign senders, and turns an unknown throw into `internal` with a line in the log. */
  const guarded =
    <T>(channel: string, answer: (args: readonly unknown[]) => Promise<Result<T, Failure>>) =>
    async (event: IpcMainInvokeEvent, ...args: unknown[]): Promise<Result<T, Failure>> => {
      const problem = senderProblem(event, deps.page, popover.owns);
      if (problem !== null) {
        log.warn('ipc.forbidden', { channel, problem, url: event.senderFrame?.url ?? null });
        return fail({ kind: 'forbidden', problem });
      }
      try {
        // Cloned here, so that an answer which can't cross is a bug with a reference and not a rejection.
        return structuredClone(await answer(args));
      } catch (error) {
        return fail({ kind: 'internal', reference: log.bug(`ipc.${channel}`, error) });
      }
    };

  const routes: Readonly<Record<string, (args: readonly unknown[]) => Promise<Result<unknown, Failure>>>> = {
    [channels.request]: async ([name, input]) => {
      const decoded = decode(name, input);
      if (!decoded.ok) return decoded;
      return dispatch(await deps.handlers, decoded.value);
    },
    [channels.hide]: async () => {
      popover.hide();
      return { ok: true, value: null };
    },
    [channels.resize]: async ([height]) => {
      popover.resize(height);
      return { ok: true, value: null };
    },
    [channels.copy]: async ([text]) => {
      if (typeof text !== 'string' || text.length > LONGEST_COPY)
        return fail({ kind: 'invalid-request', field: 'text', problem: 'must be a text of at most 64 KB' });
      await deps.clipboard.writeText(text);
      return { ok: true, value: null };
    },
  };
  for (const [channel, answer] of Object.entries(routes))
    deps.ipcMain.handle(channel, guarded(channel, answer));
  return () => {
    for (const channel of Object.keys(routes)) deps.ipcMain.removeHandler(channel);
  };
}
