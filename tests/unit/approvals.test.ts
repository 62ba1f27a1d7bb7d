import { expect, it } from 'vitest';
import { createApprovals } from '../../src-main/engine/operations/approvals';
import { createMemorySettings } from '../support/spawner';

const setup = (text: string) => ({ purpose: 'setup' as const, text });

it('a yes holds for exactly that text in exactly that repository', async () => {
  const settings = createMemorySettings();
  const approvals = createApprovals({ settings });
  expect(approvals.isApproved('r-1', setup('npm ci'))).toBe(false);
  await approvals.approve('r-1', [setup('npm ci'), setup('make')]);
  expect(approvals.isApproved('r-1', setup('npm ci'))).toBe(true);
  expect(approvals.isApproved('r-1', setup('make'))).toBe(true);
  for (const changed of ['npm ci ', 'npm  ci', 'NPM CI', 'npm ci\n'])
    expect(approvals.isApproved('r-1', setup(changed))).toBe(false);
  expect(approvals.isApproved('r-2', setup('npm ci'))).toBe(false);
});

it('keeps fingerprints, never the text, each once, and not for ever more of them', async () => {
  const settings = createMemorySettings();
  const approvals = createApprovals({ settings });
  await approvals.approve('r-1', [setup('secret token'), setup('secret token')]);
  await approvals.approve('r-1', [setup('secret token')]);
  expect(settings.get().approvals).toEqual({ 'r-1': [expect.stringMatching(/^[0-9a-f]{64}$/)] });
  for (let at = 0; at < 210; at++) await approvals.approve('r-1', [setup(`hook ${at}`)]);
  expect(settings.get().approvals['r-1']).toHaveLength(200);
  expect(approvals.isApproved('r-1', setup('hook 209'))).toBe(true);
});
