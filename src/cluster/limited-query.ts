import pg from 'pg';

/** How much of an answer is read; the rest stays where it is. */
export interface ResultLimit {
  rows: number;
  /** As it travels: values and the protocol's few bytes for each. */
  bytes: number;
}

export interface DriverRows {
  fields: { name: string; dataTypeID: number }[];
  rows: (string | null)[][];
}

/** What the driver's query has and its types leave out. */
interface QueryInternals {
  _result: DriverRows;
}

interface DriverConnection {
  execute(portal: { portal: string; rows: number }): void;
  sync(): void;
}

/**
 * A statement of which the server sends one row more than the limit, to tell whether there are more, and then no more:
 * Execute with a number of rows, and Sync right behind it, so that it stands in a pipeline as any other. What is left of the
 * portal ends with the transaction. Works for all that returns rows, also for SHOW and EXPLAIN, which no cursor takes.
 */
export class LimitedQuery extends pg.Query {
  constructor(
    text: string,
    private readonly maxRows: number,
    callback: (error: Error | null, rows: DriverRows) => void,
  ) {
    const config = { text, values: [], rowMode: 'array', queryMode: 'extended', callback };
    super(config as unknown as pg.QueryConfig);
  }

  /** What has come by now; of a statement that is cut off, all that will ever come. */
  get rowsSoFar(): DriverRows {
    return (this as unknown as QueryInternals)._result;
  }

  /** The driver's own goes on until all rows are there. */
  _getRows(connection: DriverConnection): void {
    connection.execute({ portal: '', rows: this.maxRows + 1 });
    connection.sync();
  }

  handlePortalSuspended(): void {}
}
