export declare function cleanUp(folder: string): Promise<void>;
export declare function isAlive(pid: number): boolean;
