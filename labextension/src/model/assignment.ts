/** A literal as the notebook's own line writes it. */
const LITERAL = String.raw`(?:[-+]?[\w.]+|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`;

/**
 * The source with another value in the one line `name = literal` (a comment behind it stays). Null where there is no such
 * line, or more than one, or what stands there is more than a plain literal: then nobody knows what to write.
 */
export function withValue(source: string, name: string, value: string): string | null {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const line = new RegExp(String.raw`^(${escaped}[ \t]*(?::[^=\n]+)?=[ \t]*)${LITERAL}([ \t]*(?:#.*)?)$`, 'gmu');
  const found = [...source.matchAll(line)];
  if (found.length !== 1) {
    return null;
  }
  const [match] = found;
  const start = match.index + match[1].length;
  const end = match.index + match[0].length - match[2].length;
  return source.slice(0, start) + value + source.slice(end);
}

/** What is typed into a field, as Python writes it. Null where it is not of that type. */
export function pythonLiteral(type: string, optional: boolean, text: string): string | null {
  const plain = text.trim();
  if (plain === 'None') {
    return optional || type === 'none' ? 'None' : null;
  }
  switch (type) {
    case 'int':
      return /^[-+]?\d+$/.test(plain) ? plain : null;
    case 'float':
      return plain !== '' && Number.isFinite(Number(plain)) ? plain : null;
    case 'bool':
      return plain === 'True' || plain === 'False' ? plain : null;
    case 'str':
      return JSON.stringify(text);
    default:
      return null;
  }
}
