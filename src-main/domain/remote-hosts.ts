/** Where a remote lives, and the page on which a pull request into it is made. */
export type HostKind = 'github' | 'gitlab' | 'bitbucket' | 'gitea' | 'local' | 'other';

export interface RemoteHost {
  readonly kind: HostKind;
  readonly host: string;
  /** `owner/name`, without `.git`; groups of GitLab have more parts. */
  readonly path: string;
}

/** Understands `https://`, `ssh://`, `git@host:path`, `file://` and plain paths; drops any credentials. */
export function parseRemote(url: string): RemoteHost {
  const local: RemoteHost = { kind: 'local', host: '', path: url };
  const withScheme = /^(https?|ssh|git):\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/+(.+)$/i.exec(url);
  const scpLike = /^(?:[^@/:\\]+@)?([^/:\\]{2,}):(?!\/\/|\\)(.+)$/.exec(url);
  const [host, path] =
    withScheme !== null
      ? [withScheme[2], withScheme[3]]
      : /^[a-z]+:\/\//i.test(url)
        ? [undefined, undefined]
        : [scpLike?.[1], scpLike?.[2]];
  if (host === undefined || path === undefined)
    return /^file:\/\//i.test(url) || !/^[a-z][a-z0-9+.-]*:/i.test(url) || /^[a-z]:[\\/]/i.test(url)
      ? local
      : { kind: 'other', host: '', path: url };
  const name = host.toLowerCase();
  const plain = path
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return { kind: kindOf(name), host: name, path: plain };
}

function kindOf(host: string): HostKind {
  if (host === 'github.com' || host.startsWith('github.')) return 'github';
  if (host === 'gitlab.com' || host.startsWith('gitlab.')) return 'gitlab';
  if (host === 'bitbucket.org') return 'bitbucket';
  if (host === 'codeberg.org' || /^(gitea|forgejo)\./.test(host)) return 'gitea';
  return 'other';
}

/** Null for a host whose pages nobody knows. */
export function comparePage(remote: RemoteHost, base: string, head: string): string | null {
  const whole = (name: string) => encodeURIComponent(name);
  const parts = (name: string) => name.split('/').map(whole).join('/');
  const home = `https://${remote.host}/${parts(remote.path)}`;
  switch (remote.kind) {
    case 'github':
      return `${home}/compare/${parts(base)}...${parts(head)}?expand=1`;
    case 'gitlab':
      return `${home}/-/merge_requests/new?merge_request%5Bsource_branch%5D=${whole(head)}&merge_request%5Btarget_branch%5D=${whole(base)}`;
    case 'bitbucket':
      return `${home}/pull-requests/new?source=${whole(head)}&dest=${whole(base)}`;
    case 'gitea':
      return `${home}/compare/${parts(base)}...${parts(head)}`;
    default:
      return null;
  }
}
