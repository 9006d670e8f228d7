"""Addresses of API v1."""

from django.urls import path

from portal.api import (
    catalogue_views,
    key_views,
    label_views,
    order_file_views,
    price_views,
    recipient_views,
    return_views,
    rule_views,
    standing_order_views,
    stock_views,
    views,
)
from portal.api.account_views import AcceptanceView, AgreementsView, StandingView

urlpatterns = [
    path("me", views.MeView.as_view(), name="api-me"),
    path("standing", StandingView.as_view(), name="api-standing"),
    path("agreements", AgreementsView.as_view(), name="api-agreements"),
    path("agreements/<uuid:agreement_id>/acceptance", AcceptanceView.as_view(), name="api-acceptance"),
    path("catalogue", catalogue_views.CatalogueView.as_view(), name="api-catalogue"),
    path("rules", rule_views.RulesView.as_view(), name="api-rules"),
    path("orders", views.OrdersView.as_view(), name="api-orders"),
    path("orders:preflight", views.PreflightView.as_view(), name="api-preflight"),
    path("orders/<uuid:order_id>", views.OrderView.as_view(), name="api-order"),
    path("orders/<uuid:order_id>:confirm", views.OrderConfirmView.as_view(), name="api-order-confirm"),
    path("orders/<uuid:order_id>:cancel", views.OrderCancelView.as_view(), name="api-order-cancel"),
    path("order-files", order_file_views.OrderFilesView.as_view(), name="api-order-files"),
    path("order-files/<uuid:order_file_id>", order_file_views.OrderFileView.as_view(), name="api-order-file"),
    path(
        "order-files/<uuid:order_file_id>:place",
        order_file_views.OrderFilePlaceView.as_view(),
        name="api-order-file-place",
    ),
    path("standing-orders", standing_order_views.StandingOrdersView.as_view(), name="api-standing-orders"),
    path(
        "standing-orders/<uuid:standing_order_id>",
        standing_order_views.StandingOrderView.as_view(),
        name="api-standing-order",
    ),
    path(
        "standing-orders/<uuid:standing_order_id>:pause",
        standing_order_views.StandingPauseView.as_view(),
        name="api-standing-order-pause",
    ),
    path(
        "standing-orders/<uuid:standing_order_id>:resume",
        standing_order_views.StandingResumeView.as_view(),
        name="api-standing-order-resume",
    ),
    path(
        "standing-orders/<uuid:standing_order_id>:skip",
        standing_order_views.StandingSkipView.as_view(),
        name="api-standing-order-skip",
    ),
    path(
        "standing-orders/<uuid:standing_order_id>:end",
        standing_order_views.StandingEndView.as_view(),
        name="api-standing-order-end",
    ),
    path("prices/ahead", price_views.PricesAheadView.as_view(), name="api-prices-ahead"),
    path("estimates", price_views.EstimatesView.as_view(), name="api-estimates"),
    path("estimates/<uuid:estimate_id>", price_views.EstimateView.as_view(), name="api-estimate"),
    path(
        "estimates/<uuid:estimate_id>:order",
        price_views.EstimateOrderView.as_view(),
        name="api-estimate-order",
    ),
    path("recipients", recipient_views.RecipientsView.as_view(), name="api-recipients"),
    path("labels", label_views.LabelsView.as_view(), name="api-labels"),
    path("labels:use", label_views.LabelUseView.as_view(), name="api-label-use"),
    path("labels:spoil", label_views.LabelSpoilView.as_view(), name="api-label-spoil"),
    path("returns", return_views.ReturnsView.as_view(), name="api-returns"),
    path("returns:forecast", return_views.ReturnForecastView.as_view(), name="api-return-forecast"),
    path("keys:swap", return_views.SwapView.as_view(), name="api-swap"),
    path("returns/<uuid:partner_return_id>", return_views.ReturnView.as_view(), name="api-return"),
    path(
        "returns/<uuid:partner_return_id>:withdraw",
        return_views.ReturnWithdrawView.as_view(),
        name="api-return-withdraw",
    ),
    path("stock/forecast", stock_views.StockForecastView.as_view(), name="api-stock-forecast"),
    path("keys", key_views.KeysView.as_view(), name="api-keys"),
    path("keys:claim", key_views.ClaimView.as_view(), name="api-claim"),
    path("keys:consume", key_views.ConsumeView.as_view(), name="api-consume"),
    path("builds", views.BuildsView.as_view(), name="api-builds"),
    path("builds:upload", views.BuildUploadView.as_view(), name="api-build-upload"),
]
