"""Addresses of the library of proof and the review pack."""

from __future__ import annotations

from django.urls import path

from campaigns.views import evidence, pack

urlpatterns = [
    path("library/", evidence.library, name="library"),
    path("library/pieces/", evidence.pieces, name="library-pieces"),
    path("library/pieces/export/", evidence.pieces_export, name="library-export"),
    path("library/pieces/review/", evidence.review_many, name="library-review"),
    path("library/upload/", evidence.upload, name="library-upload"),
    path("library/uploads/<uuid:pk>/", evidence.batch_detail, name="library-batch"),
    path("library/uploads/<uuid:pk>/save/", evidence.batch_save, name="library-batch-save"),
    path("library/links/new/", evidence.link_new, name="library-link-new"),
    path("library/pieces/<int:pk>/", evidence.piece_detail, name="piece-detail"),
    path("library/pieces/<int:pk>/versions/", evidence.version_new, name="piece-version"),
    path("library/pieces/<int:pk>/use/", evidence.piece_link, name="piece-link"),
    path("library/packs/new/", pack.pack_new, name="pack-new"),
    path("library/packs/<uuid:pk>/", pack.pack_detail, name="pack-detail"),
    path("library/packs/<uuid:pk>/file/", pack.pack_file, name="pack-file"),
    path("library/versions/<int:pk>/review/", evidence.version_review, name="version-review"),
    path("library/versions/<int:pk>/file/", evidence.version_file, name="version-file"),
]
