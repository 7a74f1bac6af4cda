"""The source class of all CIs in files of Forestay's own forms (CSV, JSON): they have one list of CIs."""

SOURCE_CLASS = "ci"
