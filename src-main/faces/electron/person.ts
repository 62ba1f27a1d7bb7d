import type { BrowserWindow, Dialog } from 'electron';
import type { Failure } from '../../contract/failures';
import type { Person } from '../../engine/orchard';
import type { Popover } from './popover-window';

/**
 * Shows every character that would otherwise hide or reorder text, so that what is read is what is
 * approved (https://trojansource.codes). Line breaks and tabs stay.
 */
export function visible(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16).toUpperCase().padStart(4, '0')}}`;
  });
}

/**
 * Asks through native dialogs, above the popover, which is shown for it and stays open meanwhile. Never
 * without it: on macOS a dialog without a window blocks the whole app until somebody finds it. Where the
 * popover can't be shown the answer is no.
 */
export function createDialogPerson(deps: {
  readonly dialog: Pick<Dialog, 'showOpenDialog' | 'showMessageBox'>;
  readonly popover: Pick<Popover, 'hold' | 'shown'>;
  /** Asks for the popover. */
  readonly open: () => void;
  readonly refused: (failure: Failure) => void;
}): Person {
  const { dialog, popover, open } = deps;
  const above = <T>(no: T, ask: (parent: BrowserWindow) => Promise<T>) =>
    popover.hold(async () => {
      const parent = await popover.shown(open);
      return parent === null ? no : ask(parent);
    });
  return {
    refused: deps.refused,
    showList: open,
    chooseDirectory: (title) =>
      above(null, async (parent) => {
        const { canceled, filePaths } = await dialog.showOpenDialog(parent, {
          title,
          // macOS shows no title on an open dialog; the message stands above the list.
          message: title,
          buttonLabel: 'Choose',
          properties: ['openDirectory', 'createDirectory', 'dontAddToRecent'],
        });
        return canceled ? null : (filePaths[0] ?? null);
      }),
    confirm: (title, exactText) =>
      above(false, async (parent) => {
        const { response } = await dialog.showMessageBox(parent, {
          type: 'warning',
          title: 'Orchard',
          message: title,
          detail: visible(exactText),
          buttons: ['Cancel', 'Allow'],
          // Enter and Esc both say no: a yes is meant.
          defaultId: 0,
          cancelId: 0,
          noLink: true,
        });
        return response === 1;
      }),
  };
}

/** Asks what is to become of an operation that runs while a person quits; Esc keeps the app. */
export async function askToQuit(
  dialog: Pick<Dialog, 'showMessageBox'>,
  doing: string,
): Promise<'when-done' | 'cancel' | 'stay'> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    title: 'Orchard',
    message: visible(`Orchard is ${doing}.`),
    detail: 'Cancelled, it is taken back as far as it has got, and everything is as it was.',
    buttons: ['Quit when it is done', 'Cancel it and quit', 'Don’t quit'],
    // Enter loses nothing.
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  });
  return response === 0 ? 'when-done' : response === 1 ? 'cancel' : 'stay';
}
