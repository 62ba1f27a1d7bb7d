import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { IconButton } from './controls';
import { useOrchard } from './orchard-context';

interface FrameProps {
  readonly header: ReactNode;
  readonly footer?: ReactNode;
  readonly children: ReactNode;
}
/**
 * Header, what scrolls, footer. Tells the host how tall all of it would like to be; the host (or the
 * style sheet, on the web face) stops at 560 and the middle scrolls.
 */
export function Frame({ header, footer, children }: FrameProps) {
  const { bridge } = useOrchard();
  const top = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const bottom = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (bridge.resize === undefined) return;
    const parts = [top.current, content.current, bottom.current].filter((part) => part !== null);
    let told = -1;
    const observer = new ResizeObserver(() => {
      const height = Math.ceil(parts.reduce((sum, part) => sum + part.offsetHeight, 0));
      if (height === told) return;
      told = height;
      bridge.resize?.(height);
    });
    for (const part of parts) observer.observe(part);
    return () => observer.disconnect();
  }, [bridge]);
  return (
    <div className="frame">
      <header ref={top} className="frame-header">
        {header}
      </header>
      <main className="frame-scroll">
        <div ref={content} className="frame-content">
          {children}
        </div>
      </main>
      <footer ref={bottom} className={footer === undefined ? 'frame-footer none' : 'frame-footer'}>
        {footer}
      </footer>
    </div>
  );
}

interface PageProps {
  readonly title: string;
  /** Changes when the page turns into something else (a form into its progress): focus starts anew. */
  readonly stage?: string;
  readonly subtitle?: string | undefined;
  readonly footer?: ReactNode;
  readonly children: ReactNode;
}
/** A view on top of the list: a way back, a title that takes the focus unless a field wants it. */
export function Page({ title, subtitle, stage, footer, children }: PageProps) {
  const { back } = useOrchard();
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `stage` is what makes this run again
  useEffect(() => {
    const page = heading.current?.closest('.frame');
    const wanted = page?.querySelector<HTMLElement>('[data-first-focus]');
    (wanted ?? heading.current)?.focus({ preventScroll: true });
  }, [stage]);
  return (
    <Frame
      footer={footer}
      header={
        <>
          <IconButton icon="back" label="Back" onClick={() => back()} />
          <div className="page-title">
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {subtitle !== undefined && (
              <p dir="auto" title={subtitle}>
                {subtitle}
              </p>
            )}
          </div>
        </>
      }
    >
      <div className="page">{children}</div>
    </Frame>
  );
}
