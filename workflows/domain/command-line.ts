/**
 * What a shell would run, as far as that can be read off its command line alone. Approvals compare words, so whatever a shell would expand,
 * redirect or run besides makes a line unreadable: then a person is asked.
 */

/** Words of one simple command. */
export type CommandWords = readonly string[];

const BETWEEN_WORDS = /[ \t]/;
const BETWEEN_COMMANDS = /^(?:&&|\|\||;|\||\n)/;
/** Expansions, redirections, groups, globs, jobs and comments: their meaning is not in the words. */
const SPECIAL = /[$`<>(){}*?[\]&!#~\\\r]/;
/** Inside double quotes the shell still expands these. */
const SPECIAL_IN_QUOTES = /[$`\\!]/;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

/** The simple commands of a line, joined by `&&`, `||`, `;`, `|` or line ends; `undefined` when a shell might do more than they say. */
export function readCommands(line: string): readonly CommandWords[] | undefined {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let rest = line; rest !== '';) {
    const quoted = readQuoted(rest);
    const [operator] = BETWEEN_COMMANDS.exec(rest) ?? [];
    if (quoted === 'unreadable') return undefined;
    if (quoted !== undefined) {
      word = (word ?? '') + quoted.text;
      rest = rest.slice(quoted.length);
    } else if (operator !== undefined) {
      endWord();
      commands.push([]);
      rest = rest.slice(operator.length);
    } else if (BETWEEN_WORDS.test(rest.charAt(0))) {
      endWord();
      rest = rest.slice(1);
    } else if (SPECIAL.test(rest.charAt(0))) {
      return undefined;
    } else {
      word = (word ?? '') + rest.charAt(0);
      rest = rest.slice(1);
    }
  }
  endWord();
  const told = commands.filter((words) => words.length > 0);
  return told.length === 0 || told.some(([first = '']) => ASSIGNMENT.test(first)) ? undefined : told;
}

function readQuoted(rest: string): { readonly text: string; readonly length: number } | 'unreadable' | undefined {
  const quote = rest.charAt(0);
  if (quote !== "'" && quote !== '"') return undefined;
  const end = rest.indexOf(quote, 1);
  if (end === -1) return 'unreadable';
  const text = rest.slice(1, end);
  return quote === '"' && SPECIAL_IN_QUOTES.test(text) ? 'unreadable' : { text, length: end + 1 };
}

/** Whether a command begins with these words. */
export function beginsWith(command: CommandWords, prefix: CommandWords): boolean {
  return prefix.length > 0 && prefix.every((word, index) => command[index] === word);
}

/** Programs that only look, whatever their arguments. */
const LOOKING = new Set(
  'basename cat cd comm cut diff dirname du echo expr false grep head id ls md5sum nl od paste printf pwd readlink realpath sha256sum stat tail tr true uname wc which whoami'.split(
    ' ',
  ),
);
const GIT_LOOKING = new Set([
  'blame',
  'cat-file',
  'describe',
  'diff',
  'log',
  'ls-files',
  'ls-tree',
  'rev-parse',
  'show',
  'status',
]);
/** Write files or run programs; git takes long options by their first letters, too. */
const GIT_OUTPUT = /^(?:--ou|--ext|--textc|--op|-[oO])/;
const FIND_ACTING = /^-(?:exec|execdir|ok|okdir|delete|fls|fprint|fprint0|fprintf)$/;
const RG_RUNNING = /^(?:--pre(?:=|$)|--pre-glob|--hostname-bin|--search-zip$|-[a-zA-Z]*z)/;
const SED_PRINTING = /^(?:\d+|\$)(?:,(?:\d+|\$))?p$/;

/** Programs that only look as long as they are not told to do more. */
const LOOKING_WITH: Readonly<Record<string, (args: readonly string[]) => boolean>> = {
  git: ([command = '', ...args]) => GIT_LOOKING.has(command) && !args.some((arg) => GIT_OUTPUT.test(arg)),
  find: (args) => !args.some((arg) => FIND_ACTING.test(arg)),
  rg: (args) => !args.some((arg) => RG_RUNNING.test(arg)),
  sed: ([flag, script = '', file = '', ...others]) =>
    flag === '-n' && SED_PRINTING.test(script) && others.length === 0 && !file.startsWith('-'),
};

/** Whether a command only looks: it changes nothing and runs nothing else. */
export function isLooking([program = '', ...args]: CommandWords): boolean {
  return LOOKING.has(program) || (Object.hasOwn(LOOKING_WITH, program) && LOOKING_WITH[program]?.(args) === true);
}
