/**
 * Processes of Chromium's that Orchard can do without: a menu-bar app keeps them all day.
 */
import type { CommandLine } from 'electron';
import type { Platform } from './platform-policy';

const FEATURES = 'enable-features';
/**
 * Chromium's network service inside the main process, which is one of its two places
 * (https://chromium.googlesource.com/chromium/src/+/main/services/network/README.md#where-does-the-network-service-run;
 * the feature: content/public/common/content_features.cc). A process of its own guards against what comes
 * from the network; here nothing does: pages and their files come by app://, and every other address is
 * denied (hardening.ts).
 */
const NETWORK_IN_MAIN = 'NetworkServiceInProcess2';

/** What a person asks for who wants that process in a sandbox, which on Linux it has none of by itself. */
const NETWORK_SANDBOX = 'NetworkServiceSandbox';

/**
 * Call it before `ready`, after which switches have no effect. On Linux only, where it takes some 10 MB
 * (`npm run bench`) and no sandbox away: on macOS that process always has one, on Windows it may
 * (sandbox/policy/features.cc, IsNetworkSandboxEnabled), and none is given up for memory.
 */
export function startFewerProcesses(
  commandLine: Pick<CommandLine, 'getSwitchValue' | 'appendSwitch'>,
  platform: Platform,
): void {
  if (platform !== 'linux') return;
  // A second value would replace what a person gave.
  const given = commandLine.getSwitchValue(FEATURES);
  if (given.split(',').includes(NETWORK_SANDBOX)) return;
  commandLine.appendSwitch(FEATURES, given === '' ? NETWORK_IN_MAIN : `${given},${NETWORK_IN_MAIN}`);
}
