/**
 * Who ends the app on a signal, as measured on Electron 33. Chromium's handler quits in order, and keeps a
 * signal that somebody listened to before `ready`: it put itself over libuv's, which installs its own only
 * for the first listener. A first listener from later owns the signal, and when it goes, the system's
 * default is back, which ends the process at once.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndSignal = (typeof SIGNALS)[number];

export function followSignals({
  isReady,
  quit,
}: {
  readonly isReady: () => boolean;
  readonly quit: () => void;
}): void {
  const chromiums = new Set<EndSignal>(SIGNALS);
  // Without a listener Node would not hear of it. It is Chromium's, so the app's are counted without it.
  const chromium = () => {};
  const isSignal = (event: unknown): event is EndSignal => SIGNALS.some((signal) => signal === event);

  const emit = process.emit.bind(process) as (event: string | symbol, ...args: unknown[]) => boolean;
  const heard = (event: string | symbol, ...args: unknown[]): boolean => {
    if (!isSignal(event) || !chromiums.has(event)) return emit(event, ...args);
    quit();
    return true;
  };
  Object.defineProperty(process, 'emit', { value: heard, configurable: true, writable: true });
  // Node binds the `emit` that there is when the first listener comes.
  for (const signal of SIGNALS) process.on(signal, chromium);

  process.on('newListener', (event: unknown, listener: unknown) => {
    if (!isSignal(event) || !isReady() || listener === chromium) return;
    const others = process.rawListeners(event).filter((one) => one !== chromium);
    if (others.length > 0 || !chromiums.delete(event)) return;
    // After this step, so that the signal is never without a listener.
    queueMicrotask(() => process.off(event, chromium));
  });
}
