# Every developer command. `make run` and `make test` are all a newcomer needs.
.DEFAULT_GOAL := help
.PHONY: help setup run test check bench rasa-check train tables clean

BIN := .venv/bin

help:  ## 列出命令
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/'

setup:  ## 安装或更新两个环境
	@bash scripts/setup.sh

run: setup  ## 安装、训练、建索引并启动，打印网址
	@exec $(BIN)/bot up

test: setup  ## 运行全部测试
	@$(BIN)/python -m pytest

check: setup  ## 代码检查：格式、类型、导入方向、模块长度、文档
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bot kb check
	@$(BIN)/python -m pytest tests/unit/test_house.py tests/unit/test_docs.py -q

rasa-check: setup  ## 校验 Rasa 数据并跑对话测试
	@.venv-rasa/bin/rasa data validate --data nlu_data
	@.venv-rasa/bin/rasa train --data nlu_data --quiet
	@.venv-rasa/bin/rasa test core --stories tests/conversations --fail-on-prediction-errors

bench: setup  ## 性能对比（同一次运行内的比值）
	@$(BIN)/python -m benchmarks

train: setup  ## 重新训练检索模型（需要 ../shared/corpora）
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints/app.txt -e '.[train]'
	@$(BIN)/python -m retrieval train --corpora ../shared/corpora

tables:  ## 重算检索的表和图（先 make train）
	@$(BIN)/python -m retrieval tables

clean:  ## 删除运行数据、模型和环境
	rm -rf var models .venv .venv-rasa
