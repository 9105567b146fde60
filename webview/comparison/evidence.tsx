/** What differs, node by node: the source's value on the left, the target's on the right. */
import { useState } from 'preact/hooks';
import type { ReportEvidence } from '../../src/shared/comparison-report';
import { Button } from '../common/controls';
import { plural } from '../common/format';
import { diffWords, type Piece } from './text-diff';

/** More are drawn when somebody asks. */
const shownRows = 100;

/** Shorter values are taken in at a glance. */
const longValue = 48;

interface EvidenceProps {
  evidence: readonly ReportEvidence[];
  source: string;
  target: string;
}

export function Evidence({ evidence, source, target }: EvidenceProps) {
  const [all, setAll] = useState(false);
  if (evidence.length === 0) return null;
  const shown = all ? evidence : evidence.slice(0, shownRows);
  const hasNodes = evidence.some(({ node }) => node !== null);
  return (
    <>
      <table class="table evidence">
        <thead>
          <tr>
            <th scope="col">What</th>
            {hasNodes && (
              <th scope="col" class="node">
                Node
              </th>
            )}
            <th scope="col" class="source">{`Source · ${source}`}</th>
            <th scope="col" class="target">{`Target · ${target}`}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((each, i) => (
            <Row key={i} evidence={each} hasNodes={hasNodes} />
          ))}
        </tbody>
      </table>
      {shown.length < evidence.length && (
        <Button appearance="secondary" onClick={() => setAll(true)}>
          {`Show ${plural(evidence.length - shown.length, 'more line')}`}
        </Button>
      )}
    </>
  );
}

function Row({ evidence: { what, node, source, target }, hasNodes }: { evidence: ReportEvidence; hasNodes: boolean }) {
  const isLong = source !== null && target !== null && Math.max(source.length, target.length) > longValue;
  const diff = isLong ? diffWords(source, target) : undefined;
  return (
    <tr>
      <th scope="row">{what}</th>
      {hasNodes && <td class="node">{node ?? ''}</td>}
      <td class="source">{diff ? <Pieces pieces={diff.source} /> : <Value value={source} />}</td>
      <td class="target">{diff ? <Pieces pieces={diff.target} /> : <Value value={target} />}</td>
    </tr>
  );
}

function Value({ value }: { value: string | null }) {
  return <span class={value === null ? 'dim' : ''}>{value ?? '–'}</span>;
}

function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return <>{pieces.map(({ text, differs }, i) => (differs ? <b key={i}>{text}</b> : text))}</>;
}
