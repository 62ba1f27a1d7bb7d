import type { DoctorCheck } from '@contract/requests';
import { useCallback, useEffect, useState } from 'react';
import type { Trouble } from '../bridge';
import { Button } from '../ui/controls';
import { Page } from '../ui/frame';
import { Icon } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';

const words: { readonly [S in DoctorCheck['state']]: string } = {
  ok: 'Good',
  warning: 'Mind this',
  broken: 'Broken',
  absent: 'Not there',
};
const icons = { ok: 'check', warning: 'warning', broken: 'cross', absent: 'skip' } as const;

export function DoctorView() {
  const { ask } = useOrchard();
  const [checks, setChecks] = useState<readonly DoctorCheck[] | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const run = useCallback(async () => {
    setChecks(null);
    setTrouble(null);
    const answer = await ask('doctor.run', {});
    if (answer.ok) setChecks(answer.value.checks);
    else setTrouble(answer.error);
  }, [ask]);
  useEffect(() => {
    void run();
  }, [run]);
  return (
    <Page
      title="Doctor"
      subtitle="What is found and what is missing"
      footer={
        <>
          <span className="footer-note" />
          <Button disabled={checks === null && trouble === null} onClick={() => void run()}>
            Look again
          </Button>
        </>
      }
    >
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {checks === null && trouble === null && <p className="hint">Looking…</p>}
      {checks !== null && (
        <ul className="entries">
          {checks.map(({ id, title, state, message, next }) => (
            <li key={id} className={`check-${state}`}>
              <Icon name={icons[state]} />
              <div className="entry-text">
                <p>
                  <strong>{title}</strong> <span className="entry-state">{words[state]}</span>
                </p>
                <p className="hint" dir="auto">
                  {message}
                </p>
                {next !== null && (
                  <p className="next" dir="auto">
                    {next}
                  </p>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
