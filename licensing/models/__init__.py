"""Tables of the licences: what is sold, which key is where, what was built."""

from licensing.models.batch_stop import BatchStop, StoppedKey, UndoneKey
from licensing.models.build import Build, BuildUpload
from licensing.models.bulk import BulkHandOver, BulkLine, DeliveryKey
from licensing.models.catalogue import FamilyGrant, LicenceFamily, OrderLimit, Product, SaleCountry
from licensing.models.custody import CorrectionRequest, HoldLift, Incident, IncidentKey
from licensing.models.decoy import Decoy, DecoyCount
from licensing.models.device import Device, KeyHandOver
from licensing.models.estimate import Estimate, EstimateLine
from licensing.models.exchange import (
    CbrAckFile,
    CbrLine,
    ComputerBuildReport,
    ExchangeException,
    SimulatedKey,
)
from licensing.models.key import KeyAssignment, KeyReservation, KeySecret, LedgerEntry, ProductKey
from licensing.models.key_batch import BatchDataKey, Fulfilment, KeyBatch, KeyBatchChunk, StagedKey
from licensing.models.label import LabelDelivery, LabelIssue, LabelUse
from licensing.models.limit_change import LimitChange
from licensing.models.order import BackOrder, Lane, Order, OrderEvent, OrderLine, OrderState
from licensing.models.order_file import OrderFile, OrderFileLine
from licensing.models.partner_return import KeySettlement, PartnerReturn, PartnerReturnLine, ReturnState
from licensing.models.pool import StockPool, StockPoolMember
from licensing.models.prices import PartnerPricing, Price, PriceBook, PriceDeviation, PriceVolume
from licensing.models.product_version import ProductVersion
from licensing.models.programme_change import ChangeNotice, ChangeReading, ProgrammeChange
from licensing.models.programme_rule import RuleState, RuleVersion
from licensing.models.quota import QuotaDraw, QuotaException
from licensing.models.replacement import KeyReplacement
from licensing.models.resale import ResalePrice
from licensing.models.returns import ReturnLine, ReturnRequest
from licensing.models.rule_simulation import RuleNotice, RuleReading, RuleSimulation
from licensing.models.scarcity import AllocationReceipt, AllocationRun, ScarcityPolicy
from licensing.models.standing_order import (
    StandingOrder,
    StandingOrderLine,
    StandingRun,
    StandingRunOrder,
    StandingState,
)
from licensing.models.stock_alert import StockAlert, StockAlertMail, StockThreshold
from licensing.models.stock_plan import CallOff, DailyUse, SupplyTerms

__all__ = [
    "AllocationReceipt",
    "AllocationRun",
    "BackOrder",
    "BatchDataKey",
    "BatchStop",
    "Build",
    "BuildUpload",
    "BulkHandOver",
    "BulkLine",
    "CallOff",
    "CbrAckFile",
    "CbrLine",
    "ChangeNotice",
    "ChangeReading",
    "ComputerBuildReport",
    "CorrectionRequest",
    "DailyUse",
    "Decoy",
    "DecoyCount",
    "DeliveryKey",
    "Device",
    "Estimate",
    "EstimateLine",
    "ExchangeException",
    "FamilyGrant",
    "Fulfilment",
    "HoldLift",
    "Incident",
    "IncidentKey",
    "KeyAssignment",
    "KeyBatch",
    "KeyBatchChunk",
    "KeyHandOver",
    "KeyReplacement",
    "KeyReservation",
    "KeySecret",
    "KeySettlement",
    "LabelDelivery",
    "LabelIssue",
    "LabelUse",
    "Lane",
    "LedgerEntry",
    "LicenceFamily",
    "LimitChange",
    "Order",
    "OrderEvent",
    "OrderFile",
    "OrderFileLine",
    "OrderLimit",
    "OrderLine",
    "OrderState",
    "PartnerPricing",
    "PartnerReturn",
    "PartnerReturnLine",
    "Price",
    "PriceBook",
    "PriceDeviation",
    "PriceVolume",
    "Product",
    "ProductKey",
    "ProductVersion",
    "ProgrammeChange",
    "QuotaDraw",
    "QuotaException",
    "ResalePrice",
    "ReturnLine",
    "ReturnRequest",
    "ReturnState",
    "RuleNotice",
    "RuleReading",
    "RuleSimulation",
    "RuleState",
    "RuleVersion",
    "SaleCountry",
    "ScarcityPolicy",
    "SimulatedKey",
    "StagedKey",
    "StandingOrder",
    "StandingOrderLine",
    "StandingRun",
    "StandingRunOrder",
    "StandingState",
    "StockAlert",
    "StockAlertMail",
    "StockPool",
    "StockPoolMember",
    "StockThreshold",
    "StoppedKey",
    "SupplyTerms",
    "UndoneKey",
]
