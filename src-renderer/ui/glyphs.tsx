/** Every picture of the page: 16 × 16, one stroke weight, the text's colour. Words carry the meaning. */
import type { ReactNode } from 'react';
import type { Mark, Tone } from '../model/words';

function Glyph({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return (
    <svg
      className={className === undefined ? 'glyph' : `glyph ${className}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

const disc = <circle className="fill" cx="8" cy="8" r="7" />;
const ring = <circle cx="8" cy="8" r="5.75" />;

const marks: { readonly [M in Mark]: ReactNode } = {
  starting: <circle cx="8" cy="8" r="5.75" strokeDasharray="2.2 2.3" />,
  working: (
    <>
      <circle className="faint" cx="8" cy="8" r="5.75" />
      <path className="turning" d="M8 2.25A5.75 5.75 0 0 1 13.75 8" />
    </>
  ),
  'needs-permission': (
    <>
      {disc}
      <path className="cut" d="M8 4.4v4.1" />
      <circle className="cut-dot" cx="8" cy="11.3" r="1" />
    </>
  ),
  'needs-answer': (
    <>
      {disc}
      <path className="cut" d="M6.1 6.3c.1-1.2.9-1.9 2-1.9s1.9.7 1.9 1.7c0 1.3-1.9 1.5-1.9 2.9" />
      <circle className="cut-dot" cx="8.05" cy="11.5" r=".95" />
    </>
  ),
  limited: (
    <>
      {disc}
      <path className="cut" d="M8 4.4V8l2.4 1.5" />
    </>
  ),
  failed: (
    <>
      {disc}
      <path className="cut" d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  background: (
    <>
      {ring}
      <circle className="fill" cx="8" cy="8" r="2" />
    </>
  ),
  done: (
    <>
      {disc}
      <path className="cut" d="m5 8.2 2.1 2.1L11 6" />
    </>
  ),
  idle: ring,
  crashed: (
    <>
      <path className="fill" d="M8 1.6 15 14H1L8 1.6Z" />
      <path className="cut" d="M8 6.2v3.4" />
      <circle className="cut-dot" cx="8" cy="11.8" r=".9" />
    </>
  ),
  ended: <circle cx="8" cy="8" r="2.5" />,
  unknown: (
    <>
      <circle cx="8" cy="8" r="5.75" strokeDasharray="1 2" />
      <path d="M6.7 6.7c0-.8.6-1.3 1.4-1.3s1.3.5 1.3 1.2c0 .9-1.3 1-1.3 2" />
      <circle className="fill" cx="8.1" cy="10.6" r=".5" />
    </>
  ),
  none: <circle cx="8" cy="8" r="2.5" />,
  away: <path d="M2.5 5V12.5h11V5H8L6.6 3.5H2.5V5Zm3.7 2.4 3.6 3.2m0-3.2-3.6 3.2" />,
};

export const StateGlyph = ({ mark, tone }: { readonly mark: Mark; readonly tone: Tone }) => (
  <Glyph className={`state tone-${tone}`}>{marks[mark]}</Glyph>
);

export type IconName = keyof typeof icons;
const icons = {
  plus: <path d="M8 3.25v9.5M3.25 8h9.5" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.25" />
      <path d="m10.2 10.2 3.3 3.3" />
    </>
  ),
  back: <path d="M9.75 3.5 5.25 8l4.5 4.5" />,
  chevron: <path d="m6.5 4.5 3.5 3.5-3.5 3.5" />,
  branch: (
    <>
      <circle cx="4.75" cy="3.75" r="1.5" />
      <circle cx="4.75" cy="12.25" r="1.5" />
      <circle cx="11.25" cy="5.25" r="1.5" />
      <path d="M4.75 5.25v5.5M11.25 6.75c0 2.5-6.5 1.2-6.5 3.6" />
    </>
  ),
  commit: (
    <>
      <circle cx="8" cy="8" r="2.5" />
      <path d="M1.5 8h4M10.5 8h4" />
    </>
  ),
  note: <path d="M4 2.5h8v11H4zM6.25 5.5h3.5M6.25 8h3.5" />,
  lock: (
    <>
      <rect x="3.75" y="7.25" width="8.5" height="6" rx="1.25" />
      <path d="M5.5 7.25V5a2.5 2.5 0 0 1 5 0v2.25" />
    </>
  ),
  merged: (
    <>
      <circle cx="4.5" cy="3.75" r="1.5" />
      <circle cx="4.5" cy="12.25" r="1.5" />
      <circle cx="11.5" cy="9" r="1.5" />
      <path d="M4.5 5.25v5.5M4.5 5.25C4.5 7.5 7 9 10 9" />
    </>
  ),
  collision: <path d="M2.5 4.5h3.2L10.3 11.5h3.2M2.5 11.5h3.2l1.5-2.3M8.8 6.8l1.5-2.3h3.2" />,
  warning: <path d="M8 2.5 14.25 13.5H1.75L8 2.5ZM8 6.5v3.25M8 11.4v.3" />,
  check: <path d="m3.5 8.5 3 3 6-7" />,
  cross: <path d="m4.5 4.5 7 7m0-7-7 7" />,
  skip: <path d="M3.5 8h9" />,
  undo: <path d="M5.75 3 2.75 6l3 3M3 6h6.25a3.75 3.75 0 0 1 0 7.5H6" />,
  pulse: <path d="M1.75 8.5h3L6.5 4l3 8 1.75-3.5h3" />,
  gear: (
    <>
      <circle cx="8" cy="8" r="2.1" />
      <path d="M8 1.75v1.9M8 12.35v1.9M1.75 8h1.9M12.35 8h1.9M3.58 3.58l1.35 1.35M11.07 11.07l1.35 1.35M12.42 3.58l-1.35 1.35M4.93 11.07l-1.35 1.35" />
    </>
  ),
  copy: <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />,
  terminal: <path d="M2 3h12v10H2zM4.75 6.25 6.75 8l-2 1.75M8.25 10h3" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M8 4.75V8l2.25 1.5" />
    </>
  ),
  bulb: (
    <path d="M5.9 10.3A4.1 4.1 0 1 1 10.1 10.3c-.4.3-.6.6-.6 1.1v.35h-3v-.35c0-.5-.2-.8-.6-1.1ZM6.75 13.75h2.5" />
  ),
  tree: (
    <path d="M8 14V7.5M8 11 5.5 8.75M8 9.5l2.5-2.25M8 2a3.4 3.4 0 0 0-3.3 2.6A3 3 0 0 0 5 10.5h6a3 3 0 0 0 .3-5.9A3.4 3.4 0 0 0 8 2Z" />
  ),
} as const;

export const Icon = ({ name }: { readonly name: keyof typeof icons }) => <Glyph>{icons[name]}</Glyph>;
