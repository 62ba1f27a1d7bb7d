import type { Output } from '@contract/requests';
import type { Result } from '@contract/result';
import type { Settings, SettingsPatch } from '@contract/settings';
import { useCallback, useEffect, useState } from 'react';
import type { Trouble } from '../bridge';
import { Button, Check, Field } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';
import { CommittedInput, NumberField } from './committed-input';
import { NotificationSettings } from './notification-settings';
import { TerminalSettings } from './terminal-settings';

/** The settings as they will be. What is undefined in a patch is not in it. */
const patched = (settings: Settings, patch: SettingsPatch): Settings => ({
  ...settings,
  thresholds: { ...settings.thresholds, ...defined(patch.thresholds ?? {}) },
  notifications: { ...settings.notifications, ...defined(patch.notifications ?? {}) },
  terminal: { ...settings.terminal, preferred: patch.preferredTerminal ?? settings.terminal.preferred },
  shortcut: patch.shortcut === undefined ? settings.shortcut : patch.shortcut,
  openAtLogin: patch.openAtLogin ?? settings.openAtLogin,
});
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const defined = <T extends object>(part: T): Defined<T> =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Defined<T>;

export function SettingsView() {
  const { ask, bridge, say } = useOrchard();
  const [loaded, setLoaded] = useState<Output<'settings.get'> | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  useEffect(() => {
    void ask('settings.get', {}).then((answer) => {
      if (answer.ok) setLoaded(answer.value);
      else setTrouble(answer.error);
    });
  }, [ask]);
  const take = useCallback(
    (answer: Result<Settings, Trouble>) => {
      setTrouble(answer.ok ? null : answer.error);
      if (!answer.ok) return;
      setLoaded((before) => before && { ...before, settings: answer.value });
      say('Saved');
    },
    [say],
  );
  /** Shown at once; what was refused goes back to what the file says. */
  const update = async (patch: SettingsPatch) => {
    setLoaded((before) => before && { ...before, settings: patched(before.settings, patch) });
    const answer = await ask('settings.update', patch);
    take(answer);
    if (answer.ok) return;
    const kept = await ask('settings.get', {});
    if (kept.ok) setLoaded(kept.value);
  };
  if (loaded === null)
    return (
      <Page title="Settings">
        {trouble === null ? <p className="hint">Looking…</p> : <TroubleBox trouble={trouble} />}
      </Page>
    );

  const { settings, terminals, readOnly } = loaded;
  const { thresholds, naming, repositories } = settings;
  const threshold = (change: Partial<Settings['thresholds']>) => void update({ thresholds: change });
  const fixed = (field: string) => bridge.face === 'web' || readOnly.includes(field);
  return (
    <Page title="Settings">
      {trouble !== null && <TroubleBox trouble={trouble} />}
      <NotificationSettings
        notifications={settings.notifications}
        onChange={(notifications) => void update({ notifications })}
      />
      <section className="settings">
        <h2>Attention</h2>
        <NumberField
          label="Idle after"
          unit="hours"
          min={0.25}
          max={10_000}
          value={thresholds.idleHours}
          onCommit={(idleHours) => threshold({ idleHours })}
        />
        <NumberField
          label="Stale after"
          unit="hours"
          min={0.25}
          max={10_000}
          value={thresholds.staleHours}
          onCommit={(staleHours) => threshold({ staleHours })}
        />
        <NumberField
          label="Worktrees per repository"
          unit="before it asks"
          min={1}
          max={100}
          whole
          value={thresholds.worktreesPerRepository}
          onCommit={(worktreesPerRepository) => threshold({ worktreesPerRepository })}
        />
        <NumberField
          label="Check in every"
          unit="minutes"
          min={5}
          max={1_440}
          whole
          value={thresholds.checkInMinutes}
          onCommit={(checkInMinutes) => threshold({ checkInMinutes })}
        />
      </section>
      <TerminalSettings
        terminal={settings.terminal}
        terminals={terminals}
        onPrefer={(preferredTerminal) => void update({ preferredTerminal })}
      />
      <section className="settings">
        <h2>Worktrees and repositories</h2>
        <div className="setting">
          <span>New worktrees go</span>
          <span className="setting-value">
            <bdi>{naming.parent ?? 'beside the repository'}</bdi>
          </span>
          {!fixed('naming.parent') && (
            <Button
              aria-label="Change where new worktrees go"
              onClick={() => void ask('settings.chooseWorktreeParent', {}).then(take)}
            >
              Change…
            </Button>
          )}
        </div>
        <div className="setting">
          <span>Branches begin with</span>
          <span className="setting-value">
            <bdi>{naming.branchPrefix || 'nothing'}</bdi>
          </span>
        </div>
        <div className="setting">
          <span>Repositories added</span>
          <span className="setting-value">{repositories.added.length}</span>
          {!fixed('repositories.added') && (
            <Button
              aria-label="Add a repository"
              onClick={() =>
                void ask('repository.add', {}).then((answer) => {
                  setTrouble(answer.ok || answer.error.kind === 'cancelled' ? null : answer.error);
                })
              }
            >
              Add…
            </Button>
          )}
        </div>
        {repositories.hidden.length > 0 && (
          <div className="setting">
            <span>Repositories hidden</span>
            <span className="setting-value">{repositories.hidden.length}</span>
            <Button
              aria-label="Show hidden repositories again"
              onClick={() =>
                void ask('repository.unhideAll', {}).then((answer) => {
                  if (!answer.ok) return setTrouble(answer.error);
                  setLoaded({
                    ...loaded,
                    settings: { ...settings, repositories: { ...repositories, hidden: [] } },
                  });
                  say('All repositories are shown');
                })
              }
            >
              Show again
            </Button>
          </div>
        )}
        {bridge.face === 'web' && (
          <p className="hint">
            Folders and commands are read-only on this page. Change them in the desktop app, which shows the
            exact text first, or with <code>orch</code>.
          </p>
        )}
      </section>
      {bridge.face === 'electron' && (
        <section className="settings">
          <h2>App</h2>
          <Check
            label="Open at login"
            checked={settings.openAtLogin}
            onChange={(openAtLogin) => void update({ openAtLogin })}
          />
          <Field label="Global shortcut" hint="For example Control+Alt+O. Empty is none.">
            {(ids) => (
              <CommittedInput
                {...ids}
                value={settings.shortcut ?? ''}
                maxLength={60}
                onCommit={(text) => void update({ shortcut: text.trim() === '' ? null : text.trim() })}
              />
            )}
          </Field>
        </section>
      )}
    </Page>
  );
}
