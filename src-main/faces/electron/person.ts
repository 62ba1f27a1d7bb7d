import type { BrowserWindow, Dialog, MessageBoxOptions, OpenDialogOptions } from 'electron';
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

/** Asks through native dialogs, above the popover, which stays open meanwhile. */
export function createDialogPerson(deps: {
  readonly dialog: Pick<Dialog, 'showOpenDialog' | 'showMessageBox'>;
  readonly popover: Pick<Popover, 'hold' | 'window'>;
}): Person {
  const { dialog, popover } = deps;
  const openDialog = (parent: BrowserWindow | null, options: OpenDialogOptions) =>
    parent === null ? dialog.showOpenDialog(options) : dialog.showOpenDialog(parent, options);
  const messageBox = (parent: BrowserWindow | null, options: MessageBoxOptions) =>
    parent === null ? dialog.showMessageBox(options) : dialog.showMessageBox(parent, options);
  return {
    chooseDirectory: (title) =>
      popover.hold(async () => {
        const { canceled, filePaths } = await openDialog(popover.window(), {
          title,
          // macOS shows no title on an open dialog; the message stands above the list.
          message: title,
          buttonLabel: 'Choose',
          properties: ['openDirectory', 'createDirectory', 'dontAddToRecent'],
        });
        return canceled ? null : (filePaths[0] ?? null);
      }),
    confirm: (title, exactText) =>
      popover.hold(async () => {
        const { response } = await messageBox(popover.window(), {
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
