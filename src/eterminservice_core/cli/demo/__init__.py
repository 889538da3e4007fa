"""
The whole story on sample data: real SMTP, a real SQLite file, a simulated clock.
"""
