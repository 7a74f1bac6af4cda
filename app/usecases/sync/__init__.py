"""The steps of a sync; `app.usecases.sync_source` puts them in order."""
