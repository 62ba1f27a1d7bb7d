import type { Settings } from '@contract/settings';
import { Check } from '../ui/controls';
import { CommittedInput, NumberField } from './committed-input';

type Notifications = Settings['notifications'];
const kindWords: { readonly [K in keyof Notifications['kinds']]: string } = {
  needsYou: 'A session needs you',
  done: 'A session is done',
  failed: 'A session failed',
  crashed: 'A session crashed',
};
const kindNames = ['needsYou', 'done', 'failed', 'crashed'] as const;
const HOURS = /^([01]?\d|2[0-3]):[0-5]\d$/;
const USUAL_NIGHT = { from: '22:00', to: '08:00' };

interface NotificationSettingsProps {
  readonly notifications: Notifications;
  onChange(change: Partial<Notifications>): void;
}

export function NotificationSettings({ notifications, onChange }: NotificationSettingsProps) {
  const { enabled, sound, kinds, quietHours, shortestTurnSeconds } = notifications;
  const hours = (end: 'from' | 'to', text: string) => {
    if (quietHours !== null && HOURS.test(text))
      onChange({ quietHours: { ...quietHours, [end]: text.padStart(5, '0') } });
  };
  return (
    <section className="settings">
      <h2>Notifications</h2>
      <Check label="Notify" checked={enabled} onChange={(on) => onChange({ enabled: on })} />
      <div className="sub">
        {kindNames.map((kind) => (
          <Check
            key={kind}
            label={kindWords[kind]}
            checked={kinds[kind]}
            disabled={!enabled}
            onChange={(on) => onChange({ kinds: { ...kinds, [kind]: on } })}
          />
        ))}
        <Check
          label="With a sound"
          checked={sound}
          disabled={!enabled}
          onChange={(on) => onChange({ sound: on })}
        />
      </div>
      <NumberField
        label="Turns shorter than"
        unit="seconds stay silent"
        min={0}
        max={3_600}
        value={shortestTurnSeconds}
        onCommit={(seconds) => onChange({ shortestTurnSeconds: seconds })}
      />
      <Check
        label="Quiet hours"
        checked={quietHours !== null}
        onChange={(on) => onChange({ quietHours: on ? USUAL_NIGHT : null })}
      />
      {quietHours !== null && (
        <div className="setting sub">
          <span>From</span>
          <CommittedInput
            className="number"
            aria-label="Quiet from"
            value={quietHours.from}
            onCommit={(text) => hours('from', text)}
          />
          <span>to</span>
          <CommittedInput
            className="number"
            aria-label="Quiet to"
            value={quietHours.to}
            onCommit={(text) => hours('to', text)}
          />
        </div>
      )}
    </section>
  );
}
