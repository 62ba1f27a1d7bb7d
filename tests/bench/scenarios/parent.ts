/** Starting git out of a large process and out of a small one. */
import type { BallastAnswer } from '../ballast';
import { startCompanion } from '../naive-client';
import { limitRow, median, ms, notMeasured, pairedRatio, shownRow, times } from '../row';
import type { Scenario } from '../scenario';

export const measureParent: Scenario = async (bench) => {
  if (bench.platform !== 'linux') {
    bench.row(notMeasured('Starting git at 600 MB against 60 MB', 'measured on Linux only', '≤ 1.3 ×'));
    return;
  }
  const small = startCompanion<BallastAnswer>('ballast', '0');
  const large = startCompanion<BallastAnswer>('ballast', '540');
  const answers: { readonly small: BallastAnswer; readonly large: BallastAnswer }[] = [];
  for (let round = -1; round < bench.sizes.rounds.m; round++) {
    const pair = { small: await small.ask('go'), large: await large.ask('go') };
    if (round >= 0) answers.push(pair);
  }
  small.end();
  large.end();
  const of = (pick: (answer: BallastAnswer) => number) => ({
    small: answers.map((pair) => pick(pair.small)),
    large: answers.map((pair) => pick(pair.large)),
  });
  const helper = of(({ helperMs }) => helperMs);
  const direct = of(({ directMs }) => directMs);
  const rss = of(({ rssMb }) => rssMb);
  const ratio = pairedRatio(helper.large, helper.small);
  bench.row(
    limitRow(
      `Starting git at ${Math.round(median(rss.large))} MB of memory against ${Math.round(median(rss.small))} MB`,
      `${times(ratio)} (${ms(median(helper.large))} : ${ms(median(helper.small))})`,
      '≤ 1.3 ×',
      ratio <= 1.3,
    ),
  );
  bench.row(
    shownRow(
      'The same without the helper process',
      `${times(pairedRatio(direct.large, direct.small))} (${ms(median(direct.large))} : ${ms(median(direct.small))})`,
    ),
  );
};
