import { type DesktopTraits, TRAITS_VARIABLE, usualTraits } from '../traits';
import { answer } from './wire';

let current: DesktopTraits = { ...usualTraits, ...JSON.parse(process.env[TRAITS_VARIABLE] ?? '{}') };
delete process.env[TRAITS_VARIABLE];

export const traits = (): DesktopTraits => current;

answer('desktopBecomes', (change) => {
  current = { ...current, ...change };
  return null;
});
