/**
 * Loaded into the real Electron before the app (`-r`): remembers what the app hands to tray and
 * notifications, which no test can read back from a desktop. Everything still reaches the system.
 */
const { Tray, Notification, shell } = require('electron');

const seen = { tray: null, image: '', tooltip: '', menu: null, notifications: [], opened: [] };
globalThis.__orchardSpy = seen;

const watch = (prototype, method, look) => {
  const original = prototype[method];
  if (typeof original !== 'function') return;
  prototype[method] = function (...args) {
    look(this, ...args);
    return original.apply(this, args);
  };
};
watch(Tray.prototype, 'setToolTip', (tray, text) => Object.assign(seen, { tray, tooltip: text }));
watch(Tray.prototype, 'setContextMenu', (tray, menu) => Object.assign(seen, { tray, menu }));
watch(Tray.prototype, 'popUpContextMenu', (tray, menu) =>
  Object.assign(seen, { tray, menu: menu ?? seen.menu }),
);
watch(Notification.prototype, 'show', (notification) => seen.notifications.push(notification));
// Nothing that a test does may open a browser.
shell.openExternal = async (url) => {
  seen.opened.push(url);
};
