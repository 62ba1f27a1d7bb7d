/**
 * Runs sandboxed between the page and the main process and hands the page one object, `window.orchard`.
 * It decides nothing: the main process checks the sender and decodes every input. `ipcRenderer` itself
 * never reaches the page: https://www.electronjs.org/docs/latest/tutorial/context-isolation
 */
import { contextBridge, ipcRenderer } from 'electron';
import { channels, pushChannel } from '../contract/channels';
import type { Bridge } from '../contract/requests';

const bridge: Bridge = {
  face: 'electron',
  platform: process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux',
  request: (name, input) => ipcRenderer.invoke(channels.request, name, input),
  on(push, listener) {
    // The event is kept back: it carries `sender`, which is `ipcRenderer`.
    const forward = (_event: unknown, value: Parameters<typeof listener>[0]) => listener(value);
    ipcRenderer.on(pushChannel(push), forward);
    return () => {
      ipcRenderer.removeListener(pushChannel(push), forward);
    };
  },
  hide: () => {
    void ipcRenderer.invoke(channels.hide);
  },
  resize: (height) => {
    void ipcRenderer.invoke(channels.resize, height);
  },
  copy: async (text) => {
    const answer: { readonly ok: boolean } = await ipcRenderer.invoke(channels.copy, text);
    return answer.ok;
  },
};

contextBridge.exposeInMainWorld('orchard', bridge);
