/** Who may talk to the loopback page: pure rules, in the order in which they are asked. */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Asked {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which browsers set and pages can't. */
  readonly site: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Why a request is not from this machine's own page, or null. The Host check stops DNS rebinding (a
 * foreign name that resolves to 127.0.0.1), the Origin check stops other pages, also those of other
 * local servers, whose origin differs by its port.
 */
export function foreignness(asked: Asked, port: number): string | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  // Browsers leave the default port out.
  if (port === 80) hosts.push('127.0.0.1', 'localhost');
  const host = asked.host?.toLowerCase();
  if (host === undefined || !hosts.includes(host)) return 'the Host header names another place';
  if (asked.origin !== undefined && asked.origin.toLowerCase() !== `http://${host}`)
    return 'the Origin header names another place';
  return null;
}

/** A page elsewhere may link here, it may not ask for data, whatever it leaves out of its headers. */
export const crossSite = (asked: Asked): boolean =>
  asked.site !== undefined && asked.site !== 'same-origin' && asked.site !== 'none';

/** Compares digests, so that neither content nor length of the token shows in the time taken. */
export function hasToken(asked: Asked, token: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(asked.authorization ?? '')?.[1];
  if (given === undefined) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
