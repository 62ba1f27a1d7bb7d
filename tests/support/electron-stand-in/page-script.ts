/**
 * What stands between a page and the app in place of Electron's preload world: `contextBridge` and
 * `ipcRenderer` for the built preload, every value passing a structured clone as it would there.
 */
export const DELIVER = '__orchardStandInDeliver';
export const INVOKE = '__orchardStandInInvoke';
export const OPEN = '__orchardStandInOpen';

/** The script to run before any of the page's; `preload` is the source of the built preload. */
export const pageScript = (preload: string): string => `(() => {
  window.open = (url) => { void window.${OPEN}(new URL(url ?? '', location.href).href); return null; };
  // A preload does not run in frames (nodeIntegrationInSubFrames is off).
  if (window.top !== window) return;
  const listeners = new Map();
  const invoke = window.${INVOKE};
  const ipcRenderer = {
    async invoke(channel, ...args) {
      const reply = await invoke(channel, structuredClone(args));
      if (!reply.ok) throw new Error(reply.message);
      return structuredClone(reply.value);
    },
    on(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    removeListener(channel, listener) {
      listeners.set(channel, (listeners.get(channel) ?? []).filter((other) => other !== listener));
      return ipcRenderer;
    },
  };
  Object.defineProperty(window, '${DELIVER}', {
    value(channel, args) {
      for (const listener of listeners.get(channel) ?? []) listener({ sender: ipcRenderer }, ...structuredClone(args));
    },
  });
  // Functions are proxied, promises awaited, the rest is copied, as contextBridge documents.
  const cross = (value) => {
    if (typeof value === 'function') return (...args) => cross(value(...args.map(cross)));
    if (value instanceof Promise) return value.then(cross);
    if (typeof value === 'object' && value !== null && Object.values(value).some((part) => typeof part === 'function'))
      return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, cross(part)])));
    return structuredClone(value);
  };
  const contextBridge = {
    exposeInMainWorld(key, api) {
      Object.defineProperty(window, key, { value: cross(api), enumerable: true });
    },
  };
  const strict = (name, object) => new Proxy(object, {
    get(target, property) {
      if (typeof property === 'string' && !(property in target))
        throw new Error('The Electron stand-in has no ' + name + '.' + property + ' in a preload');
      return target[property];
    },
  });
  const modules = { electron: strict('electron', { contextBridge: strict('contextBridge', contextBridge), ipcRenderer: strict('ipcRenderer', ipcRenderer) }) };
  const require = (name) => {
    if (!(name in modules)) throw new Error('module not found: ' + name);
    return modules[name];
  };
  ((require, process) => {
${preload}
  })(require, { platform: ${JSON.stringify(process.platform)} });
})();`;
