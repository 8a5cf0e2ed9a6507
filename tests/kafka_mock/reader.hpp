// Reads a topic from its beginning to its present end and prints it, for tests that look at what was written.
#pragma once

/// One JSON line for each record: partition, offset, timestamp (ms), key and value as text. Exit code.
int read_topic(const char* brokers, const char* topic);
