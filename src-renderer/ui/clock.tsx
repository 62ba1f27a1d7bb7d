import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { exactTime, shortAge } from '../model/ages';

const MINUTE = 60_000;
const NowContext = createContext(0);

/** Ticks on the minute, and only while the page is seen: ages need no faster clock. */
export function ClockProvider({ children }: { readonly children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    let timer = 0;
    const tick = () => {
      clearTimeout(timer);
      if (document.visibilityState === 'hidden') return;
      setNow(Date.now());
      timer = window.setTimeout(tick, MINUTE - (Date.now() % MINUTE) + 20);
    };
    tick();
    document.addEventListener('visibilitychange', tick);
    window.addEventListener('focus', tick);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', tick);
      window.removeEventListener('focus', tick);
    };
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

/** Epoch milliseconds, a minute old at most; never older than what is shown. */
export const useNow = (): number => useContext(NowContext);

export function Age({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time className="age" dateTime={at} title={exactTime(at)}>
      {shortAge(at, now)}
    </time>
  );
}
