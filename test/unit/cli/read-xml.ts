/** Reads XML 1.0 as strictly as a build server does, of the kind that JUnit reports are: elements, attributes, text. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

/** "Char" of https://www.w3.org/TR/xml/#charsets. */
const characters = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const token = /<\/([a-z]+)>|<([a-z]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#10': '\n', '#9': '\t' };

/** @throws Error when it is not well-formed. */
export function readXml(xml: string): XmlElement {
  if (!characters.test(xml)) throw new Error('A character that XML has not.');
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(head)) throw new Error('No XML declaration.');
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  token.lastIndex = head.length;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new Error(`No XML: ${xml.slice(at, at + 40)}`);
    const [, closed, opened, attributes = '', isEmpty, text] = match;
    const parent = open.at(-1)!;
    if (closed !== undefined) {
      if (open.length === 1 || parent.name !== closed) throw new Error(`</${closed}> closes nothing.`);
      open.pop();
    } else if (opened !== undefined) {
      const element = { name: opened, attributes: attributesOf(attributes), children: [], text: '' };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
    } else parent.text += decoded(text!);
  }
  if (open.length !== 1 || top.children.length !== 1 || top.text.trim() !== '') throw new Error('Not one element.');
  return top.children[0]!;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-z]+)="([^"]*)"/g)) {
    if (name! in attributes) throw new Error(`${name} stands twice.`);
    attributes[name!] = decoded(value!);
  }
  return attributes;
}

function decoded(text: string): string {
  if (text.includes(']]>')) throw new Error(']]> in text.');
  return text.replace(/&([^;]*);?/g, (found, name) => {
    const character = found.endsWith(';') ? entities[name] : undefined;
    if (character === undefined) throw new Error(`${found} is no reference.`);
    return character;
  });
}
