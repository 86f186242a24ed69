"""Files that people bring: progress, definitions and quotas from CSV and XLSX."""
