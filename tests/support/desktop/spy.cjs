/**
 * Loaded into the real Electron before the app (`-r`): remembers what the app hands to tray, notifications
 * and dialogs, which no test can read back from a desktop, and answers the test's questions over a socket.
 * Everything but dialogs and the browser still reaches the system. (Playwright's own way into the main
 * process waits through the inspector, which loses promises that nothing else holds.)
 */
const { connect } = require('node:net');
const {
  app,
  BrowserWindow,
  clipboard,
  dialog,
  globalShortcut,
  ipcMain,
  nativeImage,
  Notification,
  powerMonitor,
  screen,
  shell,
  Tray,
} = require('electron');

const address = process.env.ORCHARD_SPY;
delete process.env.ORCHARD_SPY;
/** What kind of desktop the test wants (DesktopTraits). */
const traits = {
  paint: 'at-once',
  focus: 'given',
  notifications: 'shown',
  ...JSON.parse(process.env.ORCHARD_DESKTOP_TRAITS ?? '{}'),
};
delete process.env.ORCHARD_DESKTOP_TRAITS;

const OUR_PAGE = 'app://orchard/';
const seen = { tray: null, tooltip: '', menu: null, menusSet: 0, image: '', opened: [], dialogs: [] };
const notifications = [];
const shortcuts = new Map();
const doors = new Map();
let permissionRequest = null;
let permissionCheck = null;
let dialogAnswers = [];

/** Calls `look` before each call of a method, which goes on as it was. */
function watch(object, method, look) {
  const original = object[method];
  if (typeof original !== 'function') return;
  object[method] = function (...args) {
    look(this, ...args);
    return original.apply(this, args);
  };
}

const imagePaths = new WeakMap();
const createFromPath = nativeImage.createFromPath;
nativeImage.createFromPath = (path) => {
  const image = createFromPath(path);
  imagePaths.set(image, path);
  // The first one goes into the tray's constructor, which can't be watched.
  if (seen.image === '') seen.image = path;
  return image;
};
watch(Tray.prototype, 'setImage', (_tray, image) => {
  seen.image = imagePaths.get(image) ?? '';
});
watch(Tray.prototype, 'setToolTip', (tray, tooltip) => Object.assign(seen, { tray, tooltip }));
watch(Tray.prototype, 'setContextMenu', (tray, menu) => {
  Object.assign(seen, { tray, menu, menusSet: seen.menusSet + 1 });
});
watch(Tray.prototype, 'popUpContextMenu', (tray, menu) =>
  Object.assign(seen, { tray, menu: menu ?? seen.menu }),
);
watch(Tray.prototype, 'destroy', () => Object.assign(seen, { tray: null }));

if (traits.packaged !== undefined) Object.defineProperty(app, 'isPackaged', { value: traits.packaged });
app.on('browser-window-created', (_event, made) => {
  const emit = made.emit.bind(made);
  made.emit = (event, ...args) => {
    if (event !== 'ready-to-show' || traits.paint === 'at-once') return emit(event, ...args);
    if (traits.paint === 'late') setTimeout(() => made.isDestroyed() || emit(event, ...args), 3_000);
    return true;
  };
  const show = made.show.bind(made);
  const focus = made.focus.bind(made);
  made.show = () => (traits.focus === 'refused' ? made.showInactive() : show());
  made.focus = () => {
    if (traits.focus === 'given') focus();
  };
});

const isSupported = Notification.isSupported;
Notification.isSupported = () => traits.notifications !== 'unsupported' && isSupported();
const showNotification = Notification.prototype.show;
Notification.prototype.show = function () {
  const { refusedWith } = traits.notifications;
  if (refusedWith === undefined) return showNotification.call(this);
  queueMicrotask(() => this.emit('failed', {}, refusedWith));
};
watch(Notification.prototype, 'show', (notification) => {
  if (traits.notifications !== 'shown') return;
  const entry = { notification, open: true };
  notifications.push(entry);
  notification.on('close', () => {
    entry.open = false;
  });
});
watch(Notification.prototype, 'close', (notification) => {
  for (const entry of notifications) if (entry.notification === notification) entry.open = false;
});
watch(globalShortcut, 'register', (_all, accelerator, press) => shortcuts.set(accelerator, press));
watch(globalShortcut, 'unregister', (_all, accelerator) => shortcuts.delete(accelerator));
watch(ipcMain, 'handle', (_all, channel, handler) => doors.set(channel, handler));

app.on('session-created', (session) => {
  watch(session, 'setPermissionRequestHandler', (_session, handler) => {
    permissionRequest = handler;
  });
  watch(session, 'setPermissionCheckHandler', (_session, handler) => {
    permissionCheck = handler;
  });
});
// After the app's own listeners of the same event, so that what they decided is seen.
app.on('web-contents-created', (_event, contents) => {
  setImmediate(() => {
    contents.on('will-frame-navigate', (details) => {
      const prevented = details.defaultPrevented === true;
      wire.send({ type: 'navigation', url: details.url, prevented });
    });
  });
});

// Nothing that a test does may open a browser, or a dialog that waits for a person.
shell.openExternal = async (url) => {
  seen.opened.push(url);
};
const closed = {
  open: { canceled: true, filePaths: [] },
  message: { response: 0, checkboxChecked: false },
};
const instead =
  (kind) =>
  async (...args) => {
    seen.dialogs.push({ kind, options: args.at(-1) });
    return { ...closed[kind], ...dialogAnswers.shift() };
  };
dialog.showOpenDialog = instead('open');
dialog.showMessageBox = instead('message');
dialog.showErrorBox = (title, content) => {
  seen.dialogs.push({ kind: 'error', options: { title, content } });
  process.stderr.write(`${title}: ${content}\n`);
};

/** The app's timers of a minute and more, so that a test can let the time of one pass. */
const longTimers = new Map();
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;
const startAny = (run, delayMs, ...args) => {
  if (!(delayMs >= 60_000)) return startTimer(run, delayMs, ...args);
  const fire = () => {
    longTimers.delete(timer);
    run(...args);
  };
  const timer = startTimer(fire, delayMs);
  longTimers.set(timer, { delayMs, fire });
  return timer;
};
globalThis.setTimeout = Object.defineProperties(startAny, Object.getOwnPropertyDescriptors(startTimer));
globalThis.clearTimeout = (timer) => {
  longTimers.delete(timer);
  stopTimer(timer);
};

const ours = () =>
  BrowserWindow.getAllWindows().filter((one) => one.webContents.getURL().startsWith(OUR_PAGE));

const answers = {
  state: () => ({
    packaged: app.isPackaged,
    ready: app.isReady(),
    windows: ours().map((one) => ({
      id: one.id,
      visible: one.isVisible(),
      focused: one.isFocused(),
      bounds: one.getBounds(),
      webPreferences: one.webContents.getLastWebPreferences(),
    })),
    tray:
      seen.tray === null
        ? null
        : {
            image: seen.image,
            imageIsEmpty: createFromPath(seen.image).isEmpty(),
            tooltip: seen.tooltip,
            menu: (seen.menu?.items ?? []).map(({ label, type, enabled }) => ({ label, type, enabled })),
            menusSet: seen.menusSet,
          },
    notifications: notifications.map(({ notification, open }) => ({
      title: notification.title,
      body: notification.body,
      silent: notification.silent,
      open,
    })),
    openedExternally: seen.opened,
    clipboard: clipboard.readText(),
    dialogs: seen.dialogs,
    shortcuts: [...shortcuts.keys()],
  }),
  screen: () => {
    const pointer = screen.getCursorScreenPoint();
    const { bounds, workArea } = screen.getDisplayNearestPoint(pointer);
    return { bounds, workArea, pointer };
  },
  clickTray: () => seen.tray.emit('click', {}, seen.tray.getBounds(), screen.getCursorScreenPoint()),
  /** From the click until a frame with this text was drawn, in milliseconds. */
  async paintedAfterClick({ text }) {
    const begun = performance.now();
    answers.clickTray();
    const [window] = BrowserWindow.getAllWindows();
    if (!window.isVisible()) await new Promise((resolve) => window.once('show', resolve));
    await window.webContents.executeJavaScript(`new Promise((drawn) => {
      const look = () =>
        document.body.innerText.includes(${JSON.stringify(text)})
          ? requestAnimationFrame(() => requestAnimationFrame(() => drawn()))
          : requestAnimationFrame(look);
      look();
    })`);
    return performance.now() - begun;
  },
  /** Ends the wait of every timer that was started to wait for so long at most. */
  passTime({ ms }) {
    for (const [timer, { delayMs, fire }] of [...longTimers]) {
      if (delayMs > ms) continue;
      stopTimer(timer);
      fire();
    }
  },
  chooseMenu({ label }) {
    const item = (seen.menu?.items ?? []).find((one) => one.label.startsWith(label));
    if (item === undefined || !item.enabled) throw new Error(`The menu has no “${label}” to choose`);
    item.click();
  },
  clickNotification({ index }) {
    const entry = notifications[index];
    if (entry === undefined) throw new Error(`There is no notification ${index}`);
    if (!entry.open) throw new Error('That notification is closed');
    entry.open = false;
    entry.notification.emit('click', {});
  },
  pressShortcut({ accelerator }) {
    const press = shortcuts.get(accelerator);
    if (press === undefined) throw new Error(`${accelerator} is not registered`);
    press();
  },
  answerDialogs({ answers: given }) {
    dialogAnswers = [...given];
  },
  blur() {
    for (const one of BrowserWindow.getAllWindows()) one.blur();
  },
  desktopBecomes: (change) => Object.assign(traits, change) && null,
  async developerTools() {
    const [{ webContents }] = ours();
    const opened = new Promise((resolve) => webContents.once('devtools-opened', resolve));
    webContents.openDevTools({ mode: 'detach', activate: false });
    // Where they are not allowed, nothing says so.
    await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, 3_000))]);
    return { open: webContents.isDevToolsOpened() };
  },
  crashPage: () => ours()[0].webContents.forcefullyCrashRenderer(),
  power: ({ event }) => powerMonitor.emit(event, { preventDefault() {} }),
  async permission({ permission }) {
    const [{ webContents }] = ours();
    const requested = await new Promise((resolve) => permissionRequest(webContents, permission, resolve, {}));
    return { requested, checked: permissionCheck(webContents, permission, OUR_PAGE, {}) };
  },
  async fromForeignWindow({ preload, call }) {
    const foreign = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    try {
      await foreign.loadURL('data:text/html,<title>elsewhere</title>');
      return await foreign.webContents.executeJavaScript(call);
    } finally {
      foreign.destroy();
    }
  },
  /** A real frame of the page; the preload is not in it, so what it would send is handed to the door. */
  async fromFrame({ channel, args }) {
    const [{ webContents }] = ours();
    const made = "document.body.append(document.createElement('iframe'))";
    await webContents.executeJavaScript(made);
    const [frame] = webContents.mainFrame.frames;
    if (frame === undefined) throw new Error('The page has no frame');
    const bridge = await frame.executeJavaScript('typeof window.orchard');
    if (bridge !== 'undefined') throw new Error('The frame got the bridge of the page');
    return doors.get(channel)({ sender: webContents, senderFrame: frame }, ...args);
  },
  quit: () => void setImmediate(() => app.quit()),
};

const listeners = [];
let send = () => {};
const wire = {
  send: (message) => send(message),
  onMessage: (listener) => listeners.push(listener),
};
globalThis.__orchardWire = wire;

function take(message) {
  for (const listener of listeners) listener(message);
  if (message.type !== 'question' || !(message.name in answers)) return;
  new Promise((resolve) => resolve(answers[message.name](message.ask ?? {}))).then(
    (value) => wire.send({ type: 'answer', id: message.id, value: value ?? null }),
    (error) => wire.send({ type: 'failure', id: message.id, message: String(error) }),
  );
}

if (address !== undefined) {
  const socket = connect(address);
  socket.on('error', () => {});
  send = (message) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) take(JSON.parse(line));
  });
}
