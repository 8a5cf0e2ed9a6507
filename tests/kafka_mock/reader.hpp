// Reads and writes a topic of any cluster, for tests: what is in it, and bytes that no producer of ours would send.
#pragma once

/// One JSON line for each record: partition, offset, timestamp (ms), key and value as text. Exit code.
int read_topic(const char* brokers, const char* topic);
/// Writes lines of standard input, "KEY HEXBYTES" each, as records. Exit code.
int write_topic(const char* brokers, const char* topic);
