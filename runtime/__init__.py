"""What every process needs: settings, logs, metrics, keys, the clock, sealed boxes, PostgreSQL and serving.

Nothing here knows the business. A process reads its settings once in `__main__`, configures the log, opens
its connections, migrates its database and hands its tasks to `serve.run_until_signalled`.
"""
