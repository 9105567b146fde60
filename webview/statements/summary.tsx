/** What it comes to: the sentence, what writes and reads cost more, notes, and what was compared. */
import type { StatementClass } from '../../src/shared/plan-diff';
import { sides } from '../../src/shared/side';
import type { ClassTotal, StatementsNote, StatementsSide, StatementsSummary } from '../../src/shared/statements';
import { atText, plural } from '../common/format';
import { ErrorText, type Message, MessageLine } from '../common/messages';
import { classTitles, signedSeconds } from './words';

interface BannerProps {
  summary: StatementsSummary;
  /** There is nothing else to read. */
  notesOpen: boolean;
  message: Message | undefined;
}

export function Banner({ summary, notesOpen, message }: BannerProps) {
  const { reads, writes, sentence, migration, at, notes } = summary;
  const slower = reads.regressions + writes.regressions > 0;
  return (
    <section class={`verdict banner ${slower ? 'slower' : ''}`} aria-label="Verdict">
      <div>
        <h1>
          <Sentence sentence={sentence} />
        </h1>
        <div class="verdict-about">
          <span class="taken" title={at}>{`${migration} · ${atText(at)}`}</span>
          <Notes summary={summary} notes={notes} open={notesOpen} />
          <MessageLine message={message} />
        </div>
      </div>
      <Totals summary={summary} />
    </section>
  );
}

/** Its figure stands out: `71 %`, `3.1×`. */
function Sentence({ sentence }: { sentence: string }) {
  const figure = /\d[\d.,]*\s?[×%]/.exec(sentence);
  if (!figure) return <>{sentence}</>;
  return (
    <>
      {sentence.slice(0, figure.index)}
      <b>{figure[0]}</b>
      {sentence.slice(figure.index + figure[0].length)}
    </>
  );
}

/** Writes and reads apart: who sees one of them only must not think it is all. */
function Totals({ summary }: { summary: StatementsSummary }) {
  const { writes, reads, perHour } = summary;
  const largestMs = Math.max(Math.abs(writes.extraMs), Math.abs(reads.extraMs));
  const row = (statementClass: StatementClass, total: ClassTotal) => (
    <tr title={`${plural(total.pairs, 'pair')}; the target took ${signedSeconds(total.extraMs)}`}>
      <th scope="row">{classTitles[statementClass]}</th>
      <td class="total-bar" aria-hidden>
        <span
          class={`part ${statementClass === 'write' ? 'write' : 'scan'} ${total.extraMs < 0 ? 'less' : ''}`}
          style={{ width: `${largestMs > 0 ? (100 * Math.abs(total.extraMs)) / largestMs : 0}%` }}
        />
      </td>
      <td class="numeric">{signedSeconds(total.extraMs)}</td>
      {perHour !== undefined && <td class="numeric dim">{`${signedSeconds(total.extraMs * perHour)} / h`}</td>}
      <td class={`numeric ${total.regressions > 0 ? 'regressions' : 'dim'}`}>
        {plural(total.regressions, 'regression')}
      </td>
    </tr>
  );
  return (
    <table class="totals" aria-label="Extra time on the target">
      <tbody>
        {row('write', writes)}
        {row('read', reads)}
      </tbody>
    </table>
  );
}

/** One line until somebody wants more: what stands below keeps its place. */
function Notes({ summary, notes, open }: { summary: StatementsSummary; notes: StatementsNote[]; open: boolean }) {
  if (notes.length === 0) return null;
  const about = ({ side, node }: StatementsNote) =>
    [side && `${side} (${summary[side].label})`, node].filter(Boolean).join(', ');
  const line = (note: StatementsNote) => [about(note), note.text].filter(Boolean).join(': ');
  return (
    <details class="notes" open={open}>
      <summary title={notes.map(line).join('\n')}>
        <strong>{notes.length === 1 ? 'Note:' : `${notes.length} notes:`}</strong> {line(notes[0]!)}
      </summary>
      <ul>
        {notes.map((note, i) => (
          <li key={i} class={note.tone}>
            {note.tone === 'warning' && <strong>Warning: </strong>}
            {line(note)}
            {note.remedy !== undefined && <code class="note-remedy">{note.remedy}</code>}
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Sides({ summary }: { summary: StatementsSummary }) {
  return (
    <section class="sides" aria-label="Sides">
      {sides.map(name => (
        <SideCard key={name} name={name} side={summary[name]} />
      ))}
    </section>
  );
}

function SideCard({ name, side }: { name: string; side: StatementsSide }) {
  const { label, address, postgresVersion, citusVersion, window, statements, error } = side;
  const about = [
    label,
    postgresVersion && `PostgreSQL ${postgresVersion}`,
    citusVersion && `Citus ${citusVersion}`,
  ].filter(Boolean);
  return (
    <section class={`side ${name}`} aria-label={`${name}: ${label}`}>
      <h2>{name}</h2>
      <div class="side-about" title={[...about, address].filter(Boolean).join(' · ')}>
        {about.join(' · ')}
        {address !== undefined && <span class="side-address">{` · ${address}`}</span>}
      </div>
      {window && (
        <div class="side-window" title={windowTitle(window)}>
          {window.origin !== 'live' && <b>{`${window.origin}: `}</b>}
          {`${window.words} · ${plural(statements, 'statement')}`}
        </div>
      )}
      {error && (
        <div class="side-error" role="alert">
          <ErrorText error={error} />
        </div>
      )}
    </section>
  );
}

function windowTitle({ origin, at, since }: NonNullable<StatementsSide['window']>): string {
  return [`${origin}, read at ${at}`, since && `counted since ${since}`].filter(Boolean).join('\n');
}
