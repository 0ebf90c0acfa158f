"""Is anything lost when a fit is killed, loses a worker, its disk or a file?"""
