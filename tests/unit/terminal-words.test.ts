/** Quoting, launchers for Windows, and what other processes tell. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchWrapper, posixScript, powerShellScript } from '../../src-main/terminal/launcher';
import { parsePs, parsePsEnvironment, parseStat, ttyPath } from '../../src-main/terminal/processes';
import {
  plainTitle,
  posixLine,
  powerShellLine,
  quoteBatchArgument,
  quotePosix,
  quotePowerShell,
  quoteWindowsArgument,
} from '../../src-main/terminal/quoting';
import { formatProof } from '../../src-main/terminal/tmux';
import { parseClients, parsePanes, socketOf } from '../../src-main/terminal/tmux-server';

describe('words', () => {
  it('stay readable where nothing needs quoting', () => {
    expect(posixLine('/w/project-wt-login', ['claude', '-n', 'feature/login', '--resume=x'])).toBe(
      'cd /w/project-wt-login && claude -n feature/login --resume=x',
    );
    expect(posixLine("/w/it's $x", null)).toBe("cd '/w/it'\\''s $x'");
    expect([quotePosix(''), quotePosix('=x'), quotePosix('~/x'), quotePosix('a\0b')]).toEqual([
      "''",
      "'=x'",
      "'~/x'",
      'ab',
    ]);
  });

  it('come back whole from the rules of CommandLineToArgvW', () => {
    expect(['a b', 'a"b', 'a\\', 'a b\\', 'a\\"b', ''].map(quoteWindowsArgument)).toEqual([
      '"a b"',
      '"a\\"b"',
      'a\\',
      '"a b\\\\"',
      '"a\\\\\\"b"',
      '""',
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '\t', 'é', '\n') })),
        (words) => {
          expect(parseArgv(words.map(quoteWindowsArgument).join(' '))).toEqual(words);
        },
      ),
    );
  });

  it('can’t end a PowerShell string, by any of the quotes it knows', () => {
    expect(quotePowerShell("it's ‘so’ ‚and‛ $x `n")).toBe("'it''s ‘‘so’’ ‚‚and‛‛ $x `n'");
  });

  it('make one line for PowerShell, right for its old and its new way with double quotes', () => {
    expect(powerShellLine('C:\\my work', ['claude', '-n', "it's"])).toBe(
      "Set-Location -LiteralPath 'C:\\my work'; if ($?) { & 'claude' '-n' 'it''s' }",
    );
    expect(powerShellLine('C:\\w', ['claude', 'say "hi"'])).toBe(
      "Set-Location -LiteralPath 'C:\\w'; if ($?) { $q = if ($PSVersionTable.PSVersion -lt [version]'7.3') { '\\\"' } else { '\"' }; & 'claude' ('say ' + $q + 'hi' + $q + '') }",
    );
    expect(powerShellLine('C:\\w', null)).toBe("Set-Location -LiteralPath 'C:\\w'");
  });

  it('in a batch file expand no variable and end no command', () => {
    expect(quoteBatchArgument('50% of "it" & del\nx\\')).toBe('"50%%cd:~,% of ""it"" & del x\\\\"');
  });

  it('make a title of one line without control characters', () => {
    expect(plainTitle(' a\r\n\tb \u001b[31m\u009b c ')).toBe('a b [31m c');
    expect([...plainTitle('🌳'.repeat(300))].length).toBe(200);
    expect(plainTitle('x'.repeat(50), 40)).toBe(`${'x'.repeat(39)}…`);
  });

  it('are inert in tmux’ formats', () => {
    expect(formatProof('#(id) #{x} #[fg=red] ##')).toBe('##(id) ##{x} ## [fg=red] ####');
  });
});

describe('a launcher', () => {
  const launch = { directory: 'C:\\it’s', title: "Mend 'it'", command: ['claude', '-n', 'say "hi" 100%'] };
  it('for Windows removes itself, and starts claude with an exact command line', () => {
    const text = powerShellScript(['C:\\s\\open.ps1', 'C:\\s\\open.cmd'], launch, {
      PATH: 'C:\\bin;relative;D:\\x',
      CLAUDE_CONFIG_DIR: 'C:\\c',
    });
    const lines = text.split('\r\n');
    expect(lines[1]).toBe(
      "Remove-Item -Force -ErrorAction SilentlyContinue -LiteralPath 'C:\\s\\open.ps1', 'C:\\s\\open.cmd'",
    );
    expect(lines).toContain("$env:PATH = $env:PATH + ';' + 'C:\\bin;D:\\x'");
    expect(lines).toContain("$env:CLAUDE_CONFIG_DIR = 'C:\\c'");
    expect(lines).toContain("$Host.UI.RawUI.WindowTitle = 'Mend ''it'''");
    expect(lines).toContain("  Set-Location -LiteralPath 'C:\\it’’s'");
    expect(lines).toContain('      $start.Arguments = \'-n "say \\"hi\\" 100%"\'');
    expect(lines).toContain(
      '      $start.Arguments = \'/d /e:on /v:off /c ""\' + $found.Source + \'"\' + \' "-n" "say ""hi"" 100%%cd:~,%"\' + \'"\'',
    );
    expect(text).not.toContain('Invoke-Expression');
  });

  it('for Windows is a plain shell without a program', () => {
    const text = powerShellScript(['a'], { ...launch, command: null }, {});
    expect(text).toContain('Set-Location');
    expect(text).not.toContain('ProcessStartInfo');
  });

  it('for a custom command on Windows runs the script beside it and ends', () => {
    expect(batchWrapper()).toBe(
      '@powershell.exe -NoLogo -NoExit -ExecutionPolicy Bypass -File "%~dpn0.ps1" & exit\r\n',
    );
  });

  it('leaves a login shell on macOS, where terminals start one', () => {
    const script = (login: boolean) =>
      posixScript('/s', { ...launch, command: null }, {}, '/home/me', login)
        .split('\n')
        .at(-2);
    expect(script(true)).toMatch(/^exec "\$\{SHELL:-\/bin\/sh\}" -l$/);
    expect(script(false)).toMatch(/^exec "\$\{SHELL:-\/bin\/sh\}"$/);
  });
});

describe('what other processes tell', () => {
  it('a name with brackets and spaces does not shift the fields', () => {
    expect(parseStat('12 (a) (b c) S 7 12 12 34818 12 0')).toEqual({
      name: 'a) (b c',
      parent: 7,
      tty: 34818,
    });
    expect(parseStat('')).toBeNull();
  });
  it('a terminal’s device is its path', () => {
    expect(ttyPath(34818)).toBe('/dev/pts/2');
    expect(ttyPath((137 << 8) | 5)).toBe('/dev/pts/261');
    expect(ttyPath(0x401)).toBe('/dev/tty1');
    expect(ttyPath(0)).toBeNull();
  });
  it('macOS names whole paths, spaces included', () => {
    const found = parsePs(
      '  501     1 ??       /Applications/Visual Studio Code.app/Contents/MacOS/Code\n 9  501 ttys003  -zsh\n',
    );
    expect(found.get(501)).toEqual({
      parent: 1,
      tty: null,
      path: '/Applications/Visual Studio Code.app/Contents/MacOS/Code',
    });
    expect(found.get(9)).toEqual({ parent: 501, tty: '/dev/ttys003', path: '-zsh' });
  });
  it('an argument that looks like a variable does not stand for it', () => {
    const text =
      'claude -n x TMUX=/evil,1,1 and more HOME=/Users/me TMUX=/private/tmp/tmux-501/my sock,12,0 TMUX_PANE=%3 TERM=x\n';
    expect(parsePsEnvironment(text)).toEqual({ TMUX: '/private/tmp/tmux-501/my sock,12,0', TMUX_PANE: '%3' });
  });
});

describe('what tmux tells', () => {
  it('a socket’s path may hold commas', () => {
    expect(socketOf('/tmp/a,b/default,123,0')).toBe('/tmp/a,b/default');
    expect([socketOf(undefined), socketOf(''), socketOf('relative,1,0')]).toEqual([null, null, null]);
  });
  it('a session’s name may hold spaces, and other lines are left out', () => {
    expect(parsePanes('%1 22 1 @3 0 0 $4 1 5 6 my work: 7\nno pane\n')).toEqual([
      {
        id: '%1',
        pid: 22,
        active: true,
        windowId: '@3',
        windowActive: false,
        zoomed: false,
        sessionId: '$4',
        attached: 1,
        windowIndex: '5',
        paneIndex: '6',
        sessionName: 'my work: 7',
      },
    ]);
  });
  it('focus is known only where server and terminal report it; the client used last comes first', () => {
    const clients = parseClients(
      [
        '1 10 $0 [attached] [256,focus] 1 /dev/pts/1',
        '2 30 $0 [attached,focused] [256,focus] 1 /dev/pts/2',
        '3 20 $1 [attached,focused] [256] on /dev/pts/3',
        '4 5 $1 [] []  name',
      ].join('\n'),
    );
    expect(clients.map(({ pid, focused }) => [pid, focused])).toEqual([
      [2, true],
      [3, null],
      [1, false],
      [4, null],
    ]);
  });
});

/** CommandLineToArgvW for what follows the program, as documented. */
function parseArgv(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (let at = 0; at < line.length; ) {
    const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    at += slashes;
    const next = line[at];
    if (next === '"') {
      word = (word ?? '') + '\\'.repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) word += '"';
      else quoted = !quoted;
      at++;
    } else {
      if (slashes > 0) word = (word ?? '') + '\\'.repeat(slashes);
      if (next === undefined) break;
      if (!quoted && (next === ' ' || next === '\t')) {
        if (word !== null) words.push(word);
        word = null;
      } else word = (word ?? '') + next;
      at++;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
