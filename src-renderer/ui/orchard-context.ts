import { createContext, useContext } from 'react';
import type { Ask, WatchedBridge } from '../bridge';
import type { Operations } from '../model/running-operations';

export type View =
  | { readonly name: 'list' }
  | { readonly name: 'spawn'; readonly repositoryId: string | null }
  | { readonly name: 'merge'; readonly worktreeId: string }
  | { readonly name: 'rebase'; readonly worktreeId: string }
  | { readonly name: 'cleanup'; readonly worktreeId: string }
  | { readonly name: 'notes'; readonly worktreeId: string }
  | { readonly name: 'undo' }
  | { readonly name: 'settings' }
  | { readonly name: 'doctor' };

export interface OrchardUi {
  readonly ask: Ask;
  readonly bridge: WatchedBridge;
  readonly operations: Operations;
  show(view: View): void;
  /** Back to the list; focus returns to the row it came from, or goes to the one named. */
  back(focusWorktree?: string): void;
  /** The outcome of an operation was seen in its own view; the list need not tell it again. */
  acknowledge(operation: string): void;
  readonly acknowledged: ReadonlySet<string>;
  /** Says something in the polite live region. */
  say(text: string): void;
  /** Puts text on the clipboard; false when neither way works. */
  copy(text: string): Promise<boolean>;
}

export const OrchardContext = createContext<OrchardUi | null>(null);

export function useOrchard(): OrchardUi {
  const value = useContext(OrchardContext);
  if (value === null) throw new Error('used outside <App>');
  return value;
}
